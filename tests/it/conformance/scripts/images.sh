#!/bin/bash
# Prints the account's older images that no account uses, in the manner of public cleanup scripts: select images with a
# query and awk, and subtract the images of the usage report entries.
#
# EC2 is `aws ec2` or `amiusage`. The current directory is empty.
set -u

$EC2 describe-images --owners self --filters Name=state,Values=available \
    --query 'Images[?CreationDate<`2025-10-01`].[CreationDate,ImageId,Name]' --output text |
    sort | awk '$3 !~ /^base-/ { print $2 }' | sort > old

# shellcheck disable=SC2046 # a list of IDs
$EC2 describe-image-usage-report-entries --image-ids $(cat old) --output text \
    --query 'ImageUsageReportEntries[?UsageCount>`0`].[ImageId]' 2>&1 | sort -u > used

comm -23 old used
