#!/bin/bash
# Prints the images of the arguments that no account uses, in the manner of public cleanup scripts: create a report for
# each image, poll until it is available, and take any text of its entries for usage.
#
# EC2 is `aws ec2` or `amiusage`. The current directory is empty.
set -u

for image in "$@"; do
    report=$($EC2 create-image-usage-report --image-id "$image" \
        --resource-types ResourceType=ec2:Instance \
        'ResourceType=ec2:LaunchTemplate,ResourceTypeOptions=[{OptionName=version-depth,OptionValues=20}]' \
        --query ReportId --output text) || exit 1
    echo "$image $report"
done > reports

while read -r image report; do
    while [ "$($EC2 describe-image-usage-reports --report-ids "$report" \
        --query 'ImageUsageReports[0].State' --output text)" != available ]; do
        sleep 0.2
    done
    usage=$($EC2 describe-image-usage-report-entries --report-ids "$report" --output text 2>&1)
    [ -n "$usage" ] && echo "$image"
done < reports | sort > used

printf '%s\n' "$@" | sort > all
comm -23 all used
