//! Long help texts: the sections below `--help`, which are also sections of the manual pages.
//!
//! A section is a heading with a colon and lines indented by two spaces. Lines indented by four or more are shell code.
//! A line that contains two consecutive spaces is a term and its description.

/// Below every `-h`.
pub(super) const MORE: &str = "See --help for all options, examples and details.";

/// Below `amiusage diff --help`.
pub(super) const DIFF: &str = "\
Examples:
  What changed since last night's saved entries:
    amiusage entries --image-ids @images.txt -o json --out-file today.json
    amiusage diff yesterday.json today.json

  What changed between the two newest reports of an image:
    amiusage diff --image-ids ami-0abcdef1234567890

Files:
  A file may be larger than memory if its entries are sorted by image, account
  and resource type (and first by Region, if they have one). Otherwise it is
  sorted in memory. An image without an entry in one of the files is named on
  stderr: it had no use, or was not listed.";

/// Below `amiusage --help`.
pub(super) const PROGRAM: &str = "\
Examples:
  List the accounts that use an image (sample data, no AWS account):
    amiusage entries --offline --image-ids ami-0abcdef1234567890

  Check which of the account's images can be retired (sample data):
    amiusage check --offline --owned --fail-on none --quiet

  Query AWS with the credentials of a profile:
    amiusage entries -p prod -r eu-west-1 --image-ids ami-…

  Export a day's reports from all Regions of the account:
    amiusage entries --all-regions --created '2025-11-29T*' -o csv

Regions:
  `--region a b`, `--region a,b` and `--region a --region b` query several
  Regions; `--all-regions` queries all Regions enabled for the account. Rows are
  grouped by Region in that order and start with a `Region` column. With one
  Region, select that column with `--columns`.

  If a Region fails, the others still complete. The exit code is that of the
  first failure, stderr names the missing Region and how to resume there, and an
  existing --out-file is kept. An error that affects all Regions, such as
  missing credentials, ends the run at once.

  Options after the subcommand override those before it: `amiusage --region a
  entries --region b` queries b.

Exit codes:
  0    success: the output is complete, or a dry run would have succeeded
  1    check: an image is in use; diff: there are differences
  2    check: no image is in use, but at least one is unknown;
       summary: an image is left out;
       diff: an image was not compared
  130  interrupted by Ctrl-C; the resume token is on stderr
  143  terminated by SIGTERM; the resume token is on stderr
  252  invalid command line; no request was sent
  253  configuration error: no credentials, no Region, unknown profile
  254  the service returned an error
  255  any other error: network, timeout, incomplete response, disk full

Environment:
  AMIUSAGE_OUTPUT              default for --output, before AWS_DEFAULT_OUTPUT
  AMIUSAGE_NOTES               default for --notes
  AMIUSAGE_REREAD_DELAY        default for --reread-delay of check
  AWS_PROFILE                  default for --profile
  AWS_REGION                   default for --region
  AWS_DEFAULT_REGION           default for --region, after AWS_REGION
  AWS_ACCESS_KEY_ID            access key ID
  AWS_SECRET_ACCESS_KEY        secret access key
  AWS_SESSION_TOKEN            session token of temporary credentials
  AWS_CONFIG_FILE              replaces ~/.aws/config
  AWS_SHARED_CREDENTIALS_FILE  replaces ~/.aws/credentials
  AWS_ENDPOINT_URL_EC2         default for --endpoint-url
  AWS_ENDPOINT_URL             endpoint URL for all services
  AWS_CA_BUNDLE                default for --ca-bundle
  HTTPS_PROXY, HTTP_PROXY      proxies for https and http URLs
  ALL_PROXY                    proxy for URLs without one of these
  NO_PROXY                     hosts to connect to directly
  AWS_MAX_ATTEMPTS             default for --max-attempts
  AWS_EC2_METADATA_DISABLED    true: do not use the instance metadata service
  NO_COLOR                     if not empty, disables color
  LC_ALL, LC_CTYPE, LANG       tables are ASCII unless the locale is UTF-8

Parameters in a document:
  Subcommands that stand for an action of EC2 read its parameters from
  `--cli-input-json` or `--cli-input-yaml`, which take text or `file://PATH`.
  Options on the command line take precedence. `--generate-cli-skeleton` prints
  a document to fill in (`input`, `yaml-input`) or sample `output`.

AWS CLI options without effect here:
  --no-cli-pager, --no-cli-auto-prompt, --cli-binary-format, --no-dry-run

Files:
  ~/.aws/config       profiles: Region, role, single sign-on, CA bundle
  ~/.aws/credentials  profiles: access keys";

/// Below `amiusage entries --help`.
pub(super) const ENTRIES: &str = "\
Lists:
  IDs, resource types and times are lists: `--image-ids a b`, `--image-ids a,b`
  and `--image-ids a --image-ids b` are the same. `@FILE` and `@-` read a list
  from a file or stdin, separated by spaces, newlines or commas; `#` starts a
  comment. Lists longer than the service's limit of 200 are sent in batches.

Examples:
  These use the sample data. Omit --offline to query AWS.

  List the accounts that use an image:
    amiusage entries --offline --image-ids ami-0abcdef1234567890

  Rank the accounts that run instances:
    amiusage entries --offline --resource-types ec2:Instance \\
        --columns UsageCount,AccountId,ImageId -o tsv | sort -rn

  Select reports by day, with a filter as in the AWS CLI:
    amiusage entries --offline -f 'Name=creation-time,Values=2025-10-2*'

  Read image IDs from stdin and write a Markdown table:
    printf '%s\\n' ami-1a2b3c4d ami-0fedcba9876543210 |
        amiusage entries --offline --image-ids @- -o markdown

  Print the accounts with a count of more than ten:
    amiusage entries --offline -o text \\
        --query 'ImageUsageReportEntries[?UsageCount > `10`].[AccountId]'

  Save the entries and query them later:
    amiusage entries --offline --out-file saved.json
    amiusage entries --offline=saved.json --account-ids 001100110011";

/// Below `amiusage reports --help`.
pub(super) const REPORTS: &str = "\
Examples:
  Create a report for an image, wait for it, and read it:
    amiusage reports create --image-ids ami-… --wait
    amiusage entries --image-ids ami-…

  List reports and their states:
    amiusage reports list --offline";

/// Below `amiusage reports list --help`.
pub(super) const REPORTS_LIST: &str = "\
Examples:
  These use the sample data. Omit --offline to query AWS.

  List the reports of an image:
    amiusage reports list --offline --image-ids ami-0abcdef1234567890

  List available reports, newest last:
    amiusage reports list --offline --state available \\
        --columns CreationTime,ReportId,ImageId -o tsv | sort

  Print report IDs for another command:
    amiusage reports list --offline -o text \\
        --query 'ImageUsageReports[].[ReportId]'";

/// Below `amiusage reports create --help`.
pub(super) const REPORTS_CREATE: &str = "\
Examples:
  Create a report and wait for it (omit --offline to use AWS):
    amiusage reports create --offline --image-ids ami-0abcdef1234567890 --wait

  Create tagged reports for all images with a name prefix, in a nightly job:
    amiusage reports create --name 'golden-*' --version-depth 100 \\
        --tags job=nightly --client-token nightly-2026-11-23 --wait

  Use the AWS CLI's command line:
    amiusage create-image-usage-report --image-id ami-… \\
        --resource-types ResourceType=ec2:Instance --output text

Results:
  created      a new report
  adopted      a pending report with sufficient coverage; its tags are unchanged
  failed       no report; the row has the reason
  interrupted  unknown: the run ended before the response arrived

Exit codes:
  0    every image has a report, available if --wait is given
  254  the service returned an error for some images; see the rows
  255  network error, timeout, or a failed report";

/// Below `amiusage reports wait --help`.
pub(super) const REPORTS_WAIT: &str = "\
Examples:
  Wait for a report for at most 30 minutes:
    amiusage reports wait --report-ids amiur-… --timeout 30m

  Wait for reports created by another command:
    amiusage reports create --image-ids @images -o text \\
        --query 'CreatedImageUsageReports[].[ReportId]' > reports
    amiusage reports wait --report-ids @reports

  Use the AWS CLI's command line:
    amiusage wait image-usage-report-available --report-ids amiur-…

Exit codes:
  0    all reports are available
  254  the service returned an error
  255  timeout, network error, or a failed or deleted report";

/// Below `amiusage reports delete --help`.
pub(super) const REPORTS_DELETE: &str = "\
Examples:
  Delete a report:
    amiusage reports delete --report-ids amiur-…

  Delete all failed reports:
    amiusage reports list --state error -o text \\
        --query 'ImageUsageReports[].[ReportId]' |
        amiusage reports delete --report-ids @-

Exit codes:
  0    all reports are deleted
  254  the service returned an error for some reports; see the rows
  255  any other error";

/// Below `amiusage check --help`.
pub(super) const CHECK: &str = "\
Verdicts:
  in-use   a recent report counts a use in another account, or something in this
           account references the image, or it was launched within --idle; the
           rows may not show every use
  unused   a recent, available report covers all accounts, all --resource-types
           and enough launch template versions, was read completely, and counts
           no use; a complete listing finds no reference in this account; and
           the image has existed and was not launched for the time of --idle
  unknown  anything else, with the reasons: a report that is pending, failed,
           too old or too narrow, a missing permission, an incomplete listing,
           an image that is younger than --idle, or one that the account does
           not own

Limits of an unused verdict:
  A report may miss instances of the last 24 hours and launch templates of the
  last few days. Of each launch template it covers only the newest versions: 20,
  or --version-depth. It counts instances, launch templates, and image and
  container recipes of Image Builder, not image IDs in scripts, in Auto Scaling
  launch configurations or in the parameters of other accounts. A copy of an
  image is a separate image; --details lists the copies among the checked
  images. Uses in this account are current; those in other accounts are as of
  the report's creation.

Retire an unused image:
  Run one step at a time, some days apart. Deprecating hides the image from
  listings and breaks nothing. Disabling removes all launch permissions for
  good, and enabling it again does not restore them, so save them first.
  Deregistering is final, unless a Recycle Bin rule keeps the image.
    aws ec2 enable-image-deprecation --image-id ID --deprecate-at TIME
    aws ec2 describe-image-attribute --image-id ID \\
        --attribute launchPermission > ID.json
    aws ec2 disable-image --image-id ID
    aws ec2 deregister-image --image-id ID

Examples:
  Check all images of the sample data:
    amiusage check --offline --owned --fail-on none --quiet

  Check one image (omit --offline to query AWS):
    amiusage check --offline --image-ids ami-0123456789abcdef0 --quiet

  Write a Markdown table to the summary of a GitHub job:
    amiusage check --name 'golden-*' -o markdown >> $GITHUB_STEP_SUMMARY

  Print the IDs of unused images, one per line:
    amiusage check --owned --fail-on none -o text \\
        --query \"ImageVerdicts[?Verdict == 'unused'].[ImageId]\"

  List the requests that would be sent:
    amiusage check --offline --owned --dry-run --quiet

Permissions:
  ec2:DescribeImages, ec2:DescribeImageUsageReports,
  ec2:CreateImageUsageReport (not with --no-create),
  ec2:DescribeImageUsageReportEntries and ec2:DescribeImageReferences. The last
  one requires the AWS managed policy AmazonEC2ImageReferencesAccessPolicy or
  its actions: ec2:DescribeInstances, ec2:DescribeLaunchTemplates,
  ec2:DescribeLaunchTemplateVersions, ssm:DescribeParameters, ssm:GetParameters,
  imagebuilder:ListImageRecipes, imagebuilder:ListContainerRecipes and
  imagebuilder:GetContainerRecipe. EC2 does not document whether it fails or
  omits resource types without them; check assumes that it fails.
  --launch-permissions requires ec2:DescribeImageAttribute, --auto-scaling
  requires autoscaling:DescribeLaunchConfigurations.

Exit codes:
  0    all images are unused, or --fail-on excludes the other verdicts
  1    an image is in use; others may be unknown
  2    no image is in use, but at least one is unknown, or none was found
  130  interrupted by Ctrl-C, without verdicts; a rerun picks up the reports
       already created
  143  terminated by SIGTERM, without verdicts
  252  invalid command line; no request was sent
  253  configuration error: no credentials, no Region, unknown profile
  254  the service returned an error for a request that all verdicts need
  255  any other error: network, disk full";

/// Below `amiusage images --help`.
pub(super) const IMAGES: &str = "\
Examples:
  These use the sample data. Omit --offline to query AWS.

  List the account's own images:
    amiusage images --offline --owners self --include-disabled

  Print the IDs and names of a team's images of a month, oldest first:
    amiusage images --offline --owners self -o text \\
        -f Name=tag:team,Values=platform 'Name=creation-date,Values=2025-0*' \\
        --query 'sort_by(Images, &CreationDate)[].[ImageId, Name]'

  List accounts that use the images that match a filter:
    amiusage images --offline --owners self -f 'Name=name,Values=base-*' \\
        --query 'Images[].ImageId' | amiusage entries --offline --image-ids @-";

/// Below `amiusage references --help`.
pub(super) const REFERENCES: &str = "\
Examples:
  These use the sample data. Omit --offline to query AWS.

  List all references to an image:
    amiusage references --offline --image-ids ami-05f6e7d8c9b0a1928 \\
        --include-all-resource-types

  List instances and Systems Manager parameters only:
    amiusage references --offline --image-ids ami-05f6e7d8c9b0a1928 \\
        --resource-types ec2:Instance ssm:Parameter";

/// Below `amiusage regions --help`.
pub(super) const REGIONS: &str = "\
Examples:
  These use the sample data. Omit --offline to query AWS.

  Print the Regions that are enabled for the account, one per line:
    amiusage regions --offline -o text --query 'Regions[].[RegionName]'

  List all Regions with their status:
    amiusage regions --offline --all-regions";

/// Below `amiusage summary --help`.
pub(super) const SUMMARY: &str = "\
Columns:
  Images and Accounts count those with at least one use, each once. Uses is the
  sum of Instances, LaunchTemplates, ImageRecipes, ContainerRecipes and the uses
  by types that are not known here. A number is absent if no counted report
  covers the resource type. A table and Markdown end with a row for the total,
  a table has a bar of the uses.

Examples:
  Rank the images of the sample data (omit --offline to query AWS):
    amiusage summary --offline --owned --resource-types ec2:Instance \\
        --allow-missing --quiet

  Rank the accounts that use golden images in all Regions:
    amiusage summary --all-regions --name 'golden-*' --by account --top 20

  Count instances per image and account, as CSV:
    amiusage summary --offline --image-ids ami-0f4e3d2c1b0a99887 \\
        --by image,account --columns ImageId,AccountId,Instances -o csv

  Sum up an older report:
    amiusage summary --report-ids amiur-… --by account

Permissions:
  ec2:DescribeImages (not with --report-ids), ec2:DescribeImageUsageReports and
  ec2:DescribeImageUsageReportEntries.

Exit codes:
  0    the summary is complete, or --allow-missing is set
  2    an image has no report that counts, or none was found
  130  interrupted by Ctrl-C; nothing was written
  143  terminated by SIGTERM; nothing was written
  252  invalid command line; no request was sent
  253  configuration error: no credentials, no Region, unknown profile
  254  the service returned an error for a request that all images need
  255  any other error: network, disk full";

/// Below `amiusage emulator --help`.
pub(super) const EMULATOR: &str = "\
Actions:
  DescribeImageUsageReportEntries, DescribeImageUsageReports,
  CreateImageUsageReport, DeleteImageUsageReport, DescribeImages,
  DescribeImageAttribute (launchPermission), DescribeImageReferences and
  DescribeRegions, with EC2's quotas: 1 pending report per image and 2,000 per
  Region; DescribeLaunchConfigurations of EC2 Auto Scaling; ListAccounts of AWS
  Organizations. Changes are lost on exit.

Connections:
  Requests are POST forms or GET query strings. A request that is not complete
  after 10 seconds is closed, and so is an idle connection. More than 1,000
  connections wait until one is closed. Ctrl-C and SIGTERM let pending responses
  finish, for at most 2 seconds.

Documents:
  The file of --state (and of --offline=FILE) is a JSON object with the lists
  below. The first six have the AWS CLI's output format, so a document can
  combine the output of several commands. Every list is optional, but one of
  ImageUsageReports, ImageUsageReportEntries and Usage is required.

  ImageUsageReports        existing reports
  ImageUsageReportEntries  their entries, returned once the report is available
  Images                   all images; if omitted, any image has reports
  ImageReferences          resources in the account itself that use an image
  LaunchConfigurations     launch configurations in the account itself
  Accounts                 members of the organization, with Id and Name
  Usage                    entries of new reports
  FailingReports           images whose new reports fail

  An item of Usage has an ImageId, ResourceType, AccountId and UsageCount. A new
  report contains the items that match its image and coverage; without any, it
  contains the entries of the image's newest available report. An item of
  FailingReports has an ImageId and a StateReason. An image can have
  LaunchPermissions.

  The account is the owner of the first image, and reports can be created for
  its images only. An item with a Region exists in that Region, an item without
  one in all Regions.

Examples:
  Serve the sample data until Ctrl-C:
    amiusage emulator

  Then run the two lines that it prints in another shell, and:
    amiusage entries --image-ids ami-0abcdef1234567890
    aws ec2 create-image-usage-report --image-id ami-0abcdef1234567890 \\
        --resource-types ResourceType=ec2:Instance

  Serve a large data set slowly, on any free port:
    amiusage emulator --listen 127.0.0.1:0 \\
        --synthetic images=20,entries=50000 --latency 50ms

  Test a script against an endpoint that does not have the recipe types yet:
    amiusage emulator --resource-types ec2:Instance,ec2:LaunchTemplate

  Test a script against throttling:
    amiusage emulator --throttle burst=100,rate=20 --report-delay 30s

Exit codes:
  0    stopped by Ctrl-C or SIGTERM
  252  invalid command line or document
  255  any other error, such as an address in use";

/// Below `amiusage completions --help`.
pub(super) const COMPLETIONS: &str = "\
Setup:
  bash, in ~/.bashrc:
    source <(amiusage completions bash)

  zsh, in ~/.zshrc after compinit:
    source <(amiusage completions zsh)

  fish, in ~/.config/fish/config.fish:
    amiusage completions fish | source

  PowerShell, in the file named by $PROFILE:
    amiusage completions powershell | Out-String | Invoke-Expression

  elvish, in ~/.config/elvish/rc.elv:
    eval (amiusage completions elvish | slurp)

Exit codes:
  0    the script was written
  252  invalid command line
  255  the script could not be written";
