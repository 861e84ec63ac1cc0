//! An image with all members, as a row of output.

use aws_sdk_ec2::types;

use super::member::{Member, Row, cell, record, structures};
use crate::output::{Cell, Column, Record, Shown};

/// An image as a row of output.
pub type ImageRow = Row<types::Image>;

record! { "Images" of Image {
    PlatformDetails: platform_details => id(15);
    UsageOperation: usage_operation => id(17);
    BlockDeviceMappings: block_device_mappings => text(40, 20).nested();
    Description: description => text(32, 16);
    EnaSupport: ena_support => id(10);
    Hypervisor: hypervisor => id(10);
    ImageOwnerAlias: image_owner_alias => id(16);
    Name: name => name(32, 20).shown(Shown::Always);
    RootDeviceName: root_device_name => id(14);
    RootDeviceType: root_device_type => id(14);
    SriovNetSupport: sriov_net_support => id(15);
    StateReason: state_reason => text(32, 16).nested();
    Tags: tags => text(32, 16).nested();
    VirtualizationType: virtualization_type => id(18);
    BootMode: boot_mode => id(14);
    TpmSupport: tpm_support => id(10);
    DeprecationTime: deprecation_time => time();
    ImdsSupport: imds_support => id(11);
    SourceInstanceId: source_instance_id => id(19);
    DeregistrationProtection: deregistration_protection => id(24);
    LastLaunchedTime: last_launched_time => time();
    ImageAllowed: image_allowed => id(12);
    SourceImageId: source_image_id => id(21);
    SourceImageRegion: source_image_region => id(17);
    FreeTierEligible: free_tier_eligible => id(16);
    PublicSsmParameterName: public_ssm_parameter_name => id(40);
    ImageWatermarks: image_watermarks => text(32, 16).nested();
    ScanResults: scan_results => text(32, 16).nested();
    InstanceTypeSpecification: instance_type_specification => text(32, 16).nested();
    ImageId: image_id => id(21).shown(Shown::Always);
    ImageLocation: image_location => name(40, 20);
    State: state => id(9).shown(Shown::Always).rank(1);
    OwnerId: owner_id => id(12).shown(Shown::Always).rank(3);
    CreationDate: creation_date => time().shown(Shown::Always).rank(2);
    Public: public => id(6).shown(Shown::Always).rank(4);
    ProductCodes: product_codes => text(32, 16).nested();
    Architecture: architecture => id(12).shown(Shown::Always).rank(5);
    ImageType: image_type => id(9);
    KernelId: kernel_id => id(12);
    RamdiskId: ramdisk_id => id(12);
    Platform: platform => id(8);
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
