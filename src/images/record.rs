//! An image with all members, as a row of output.

use aws_sdk_ec2::types;

use super::member::{Member, Row, cell, record, structures};
use crate::output::{Cell, Column, Record, Shown};

/// An image as a row of output.
pub type ImageRow = Row<types::Image>;

record! { "Images" of Image {
    PlatformDetails: platform_details => id(15).shown(Shown::Data);
    UsageOperation: usage_operation => id(17).shown(Shown::Data);
    BlockDeviceMappings: block_device_mappings => text(40, 20).nested().shown(Shown::Data);
    Description: description => text(32, 16).shown(Shown::Data);
    EnaSupport: ena_support => id(10).shown(Shown::Data);
    Hypervisor: hypervisor => id(10).shown(Shown::Data);
    ImageOwnerAlias: image_owner_alias => id(16).shown(Shown::Data);
    Name: name => name(32, 20);
    RootDeviceName: root_device_name => id(14).shown(Shown::Data);
    RootDeviceType: root_device_type => id(14).shown(Shown::Data);
    SriovNetSupport: sriov_net_support => id(15).shown(Shown::Data);
    StateReason: state_reason => text(32, 16).nested().shown(Shown::Data);
    Tags: tags => text(32, 16).nested().shown(Shown::Data);
    VirtualizationType: virtualization_type => id(18).shown(Shown::Data);
    BootMode: boot_mode => id(14).shown(Shown::Data);
    TpmSupport: tpm_support => id(10).shown(Shown::Data);
    DeprecationTime: deprecation_time => time().shown(Shown::Data);
    ImdsSupport: imds_support => id(11).shown(Shown::Data);
    SourceInstanceId: source_instance_id => id(19).shown(Shown::Data);
    DeregistrationProtection: deregistration_protection => id(24).shown(Shown::Data);
    LastLaunchedTime: last_launched_time => time().shown(Shown::Data);
    ImageAllowed: image_allowed => id(12).shown(Shown::Data);
    SourceImageId: source_image_id => id(21).shown(Shown::Data);
    SourceImageRegion: source_image_region => id(17).shown(Shown::Data);
    FreeTierEligible: free_tier_eligible => id(16).shown(Shown::Data);
    PublicSsmParameterName: public_ssm_parameter_name => id(40).shown(Shown::Data);
    ImageWatermarks: image_watermarks => text(32, 16).nested().shown(Shown::Data);
    ScanResults: scan_results => text(32, 16).nested().shown(Shown::Data);
    InstanceTypeSpecification: instance_type_specification => text(32, 16).nested().shown(Shown::Data);
    ImageId: image_id => id(21);
    ImageLocation: image_location => name(40, 20).shown(Shown::Data);
    State: state => id(9).rank(1);
    OwnerId: owner_id => id(12).rank(3);
    CreationDate: creation_date => time().rank(2);
    Public: public => id(6).rank(4);
    ProductCodes: product_codes => text(32, 16).nested().shown(Shown::Data);
    Architecture: architecture => id(12).rank(5);
    ImageType: image_type => id(9).shown(Shown::Data);
    KernelId: kernel_id => id(12).shown(Shown::Data);
    RamdiskId: ramdisk_id => id(12).shown(Shown::Data);
    Platform: platform => id(8).shown(Shown::Data);
}}

structures! {
    BlockDeviceMapping {
        Ebs: ebs,
        NoDevice: no_device,
        DeviceName: device_name,
        VirtualName: virtual_name,
    }
    EbsBlockDevice {
        DeleteOnTermination: delete_on_termination,
        Iops: iops,
        SnapshotId: snapshot_id,
        VolumeSize: volume_size,
        VolumeType: volume_type,
        KmsKeyId: kms_key_id,
        Throughput: throughput,
        OutpostArn: outpost_arn,
        AvailabilityZone: availability_zone,
        Encrypted: encrypted,
        VolumeInitializationRate: volume_initialization_rate,
        AvailabilityZoneId: availability_zone_id,
        EbsCardIndex: ebs_card_index,
    }
    StateReason { Code: code, Message: message }
    Tag { Key: key, Value: value }
    ProductCode { ProductCodeId: product_code_id, ProductCodeType: product_code_type }
    ImageWatermark {
        WatermarkKey: watermark_key,
        SourceImageRegion: source_image_region,
        SourceImageId: source_image_id,
        SourceImageCreationTime: source_image_creation_time,
        WatermarkCreationTime: watermark_creation_time,
    }
    ScanResults {
        HighestFindingSeverityLabel: highest_finding_severity_label,
        FindingScanDate: finding_scan_date,
        InformationalFixAvailableSince: informational_fix_available_since,
        LowFixAvailableSince: low_fix_available_since,
        MediumFixAvailableSince: medium_fix_available_since,
        HighFixAvailableSince: high_fix_available_since,
        CriticalFixAvailableSince: critical_fix_available_since,
    }
    InstanceTypeSpecification {
        SupportedInstanceTypes: supported_instance_types,
        UnsupportedInstanceTypes: unsupported_instance_types,
    }
    InstanceTypeItem { InstanceType: instance_type }
}

impl ImageRow {
    /// The approximate memory use in bytes, with texts of some tens of characters.
    pub(super) fn memory_size(&self) -> usize {
        let devices = self.0.block_device_mappings.as_ref().map_or(0, Vec::len);
        let tags = self.0.tags.as_ref().map_or(0, Vec::len);
        2 * size_of::<Self>() + devices * 500 + tags * 100
    }
}
