"""Lists the entries of images as CSV with boto3's paginator. Arguments: page size, image IDs."""

import csv
import sys

import boto3

COLUMNS = ["ResourceType", "ReportId", "UsageCount", "AccountId", "ImageId", "ReportCreationTime"]
MAX_IDS = 200  # the service's limit per request

page_size, images = int(sys.argv[1]), sys.argv[2:]
paginator = boto3.client("ec2").get_paginator("describe_image_usage_report_entries")
writer = csv.DictWriter(sys.stdout, COLUMNS)
writer.writeheader()
for start in range(0, len(images), MAX_IDS):
    pages = paginator.paginate(
        ImageIds=images[start : start + MAX_IDS], PaginationConfig={"PageSize": page_size}
    )
    for page in pages:
        writer.writerows(page["ImageUsageReportEntries"])
