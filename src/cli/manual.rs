//! The longer texts, which stand below `--help` and are sections of the manual's pages.
//!
//! A section is a heading with a colon, then lines set in by two blanks. A line set in by four or more is for a
//! shell. A line with two blanks inside is a term and its meaning.

/// Below `amiusage --help`.
pub(super) const PROGRAM: &str = "\
Examples:
  Which accounts use an image, from the sample data, without an AWS account:
    amiusage entries --offline --image-ids ami-0abcdef1234567890

  May the account's images be retired? From the sample data:
    amiusage check --offline --owned --fail-on none --quiet

  The first question to AWS, with the profile's credentials:
    amiusage entries --profile prod --region eu-west-1 --image-ids ami-…

  What the day's reports say, in every Region of the account:
    amiusage entries --all-regions --created '2025-11-29T*' --output csv

Regions:
  `--region a b`, `--region a,b` and `--region a --region b` ask in several
  Regions, and `--all-regions` in all that are enabled for the account. The rows
  come Region by Region in that order, whichever answers first, and each has a
  `Region` in front. `--columns` may name Region where one is asked, too.

  Where one fails, the others are answered all the same. Then the exit status is
  that of the first failure, and stderr says which Region is missing and how to go
  on in it alone; a file of --out-file stays as it was. What would be the same in
  all of them, such as missing credentials, ends the run at once.

  Flags behind the subcommand replace those before it: `amiusage --region a
  entries --region b` asks in b.

Exit status:
  0    the whole answer was written, or a dry run would have succeeded
  1    check only: an image is in use
  2    check only: none is in use, but of one at least it is not known
  130  interrupted by Ctrl-C; the resume token is on stderr
  143  terminated by SIGTERM; the same
  252  the command line is wrong; nothing was sent
  253  configuration: no credentials, no Region, an unknown profile
  254  the service answered with an error
  255  anything else: network, time-out, incomplete answer, disk full

Environment:
  AMIUSAGE_OUTPUT              the form of the answer, without --output
  AWS_PROFILE                  the profile, without --profile
  AWS_REGION                   the Region, without --region
  AWS_DEFAULT_REGION           the same, without AWS_REGION
  AWS_ACCESS_KEY_ID            credentials, with the next one or two
  AWS_SECRET_ACCESS_KEY        the secret part
  AWS_SESSION_TOKEN            the token of temporary credentials
  AWS_CONFIG_FILE              a file in place of ~/.aws/config
  AWS_SHARED_CREDENTIALS_FILE  a file in place of ~/.aws/credentials
  AWS_ENDPOINT_URL_EC2         where requests go, without --endpoint-url
  AWS_ENDPOINT_URL             the same, for all services
  AWS_CA_BUNDLE                the trusted authorities, without --ca-bundle
  HTTPS_PROXY, HTTP_PROXY      the proxies for https and http URLs
  ALL_PROXY                    the proxy for those that have none
  NO_PROXY                     hosts that are asked without a proxy
  AWS_MAX_ATTEMPTS             how often a request is tried
  AWS_EC2_METADATA_DISABLED    true: ask no instance for credentials, Region
  NO_COLOR                     not empty: no colour, without --color
  LC_ALL, LC_CTYPE, LANG       where not UTF-8, tables are plain ASCII

Files:
  ~/.aws/config       profiles: Region, role, single sign-on, CA bundle
  ~/.aws/credentials  profiles: access keys";

/// Below `amiusage entries --help`.
pub(super) const ENTRIES: &str = "\
Lists:
  IDs, resource types and times are lists: `--image-ids a b`, `--image-ids a,b`
  and `--image-ids a --image-ids b` are the same. `@FILE` and `@-` read a list
  from a file or from stdin: white space or commas between, `#` to the end of
  the line. Lists longer than the service's 200 are sent in batches.

Examples:
  All of these ask the sample data; leave --offline away to ask AWS.

  Which accounts use an image:
    amiusage entries --offline --image-ids ami-0abcdef1234567890

  Who runs instances, how many, most first:
    amiusage entries --offline --resource-types ec2:Instance \\
        --columns UsageCount,AccountId,ImageId --output tsv | sort -rn

  What the reports of some days say, with a filter as the AWS CLI takes it:
    amiusage entries --offline \\
        --filter 'Name=creation-time,Values=2025-10-2*'

  The IDs come from another program, the answer goes into a job's summary:
    printf '%s\\n' ami-1a2b3c4d ami-0fedcba9876543210 |
        amiusage entries --offline --image-ids @- --output markdown

  The accounts with more than ten uses, by JMESPath:
    amiusage entries --offline --output text \\
        --query 'ImageUsageReportEntries[?UsageCount > `10`].[AccountId]'

  Keep an answer, and ask it something later:
    amiusage entries --offline --out-file saved.json
    amiusage entries --offline=saved.json --account-ids 001100110011";

/// Below `amiusage reports --help`.
pub(super) const REPORTS: &str = "\
Examples:
  Create a report of an image, wait for it, and read it:
    amiusage reports create --image-ids ami-… --wait
    amiusage entries --image-ids ami-…

  Which reports are there, and how far are they?
    amiusage reports list --offline";

/// Below `amiusage reports list --help`.
pub(super) const REPORTS_LIST: &str = "\
Examples:
  All of these ask the sample data; leave --offline away to ask AWS.

  The reports of an image:
    amiusage reports list --offline --image-ids ami-0abcdef1234567890

  Those that can be read, newest last:
    amiusage reports list --offline --state available \\
        --columns CreationTime,ReportId,ImageId --output tsv | sort

  The IDs alone, for another command:
    amiusage reports list --offline --output text \\
        --query 'ImageUsageReports[].[ReportId]'";

/// Below `amiusage reports create --help`.
pub(super) const REPORTS_CREATE: &str = "\
Examples:
  A report of an image, ready to be read; leave --offline away to ask AWS:
    amiusage reports create --offline --image-ids ami-0abcdef1234567890 --wait

  Of all images of the account whose names begin like this, with deeper
  templates, tagged, as a job may do every night:
    amiusage reports create --name 'golden-*' --version-depth 100 \\
        --tags job=nightly --client-token nightly-2026-11-23 --wait

  The AWS CLI's command line:
    amiusage create-image-usage-report --image-id ami-… \\
        --resource-types ResourceType=ec2:Instance --output text

Result:
  created      a new report
  adopted      a pending report that covers what is asked for; it keeps its tags
  failed       no report, and why
  interrupted  not known: the run ended before the answer came

Exit status:
  0    each image has a report, and with --wait it is available
  254  the service refused one; the rows tell which, and what was created
  255  network, time-out, a report in error";

/// Below `amiusage reports wait --help`.
pub(super) const REPORTS_WAIT: &str = "\
Examples:
  Wait for a report, for half an hour at most:
    amiusage reports wait --report-ids amiur-… --timeout 30m

  For what another command created:
    amiusage reports create --image-ids @images --output text \\
        --query 'CreatedImageUsageReports[].[ReportId]' > reports
    amiusage reports wait --report-ids @reports

  The AWS CLI's command line:
    amiusage wait image-usage-report-available --report-ids amiur-…

Exit status:
  0    all are available
  254  the service answered with an error
  255  time-out, a report in error or gone, network";

/// Below `amiusage reports delete --help`.
pub(super) const REPORTS_DELETE: &str = "\
Examples:
  Delete a report:
    amiusage reports delete --report-ids amiur-…

  Delete those that could not be made:
    amiusage reports list --state error --output text \\
        --query 'ImageUsageReports[].[ReportId]' |
        amiusage reports delete --report-ids @-

Exit status:
  0    all are deleted
  254  the service refused one; the rows tell which
  255  anything else";

/// Below `amiusage check --help`.
pub(super) const CHECK: &str = "\
Verdicts:
  in-use   a report that is young enough counts a use in another account, or
           something in this account refers to the image; it may be a part of
           what there is
  unused   a report that covers all accounts, both resource types and enough
           versions of templates, is young enough and available, was read to
           its end and counts no use; and nothing in this account refers to
           the image, by a list that was read to its end
  unknown  anything else, with the reasons: a report that is pending, failed,
           narrower or too old, a permission that is missing, a list that was
           not read to its end, an image that the account does not own

What unused does not mean:
  A report may miss instances of the 24 hours before it, and launch templates
  of the few days before. It looks at the newest versions of a template only:
  20, or --version-depth. It counts instances and launch templates: an image
  ID in somebody's scripts, in Auto Scaling launch configurations or in the
  parameters of another account is not seen, nor is a copy of the image, which
  is an image of its own. Templates and instances of one's own are looked at
  now; those of others were when the report was created. Deregister an image
  only after a time in which it was disabled and nobody complained.

Examples:
  All of the sample data, with one image at least of each verdict:
    amiusage check --offline --owned --fail-on none --quiet

  May these be retired? Leave --offline away to ask AWS:
    amiusage check --offline --image-ids ami-0123456789abcdef0 --quiet

  What a job does every night, in the summary of its run:
    amiusage check --name 'golden-*' --output markdown >> $GITHUB_STEP_SUMMARY

  The images that may be retired, one a line:
    amiusage check --owned --fail-on none --output text \\
        --query \"ImageVerdicts[?Verdict == 'unused'].[ImageId]\"

  What would be asked and created:
    amiusage check --offline --owned --dry-run --quiet

Permissions:
  ec2:DescribeImages, ec2:DescribeImageUsageReports,
  ec2:CreateImageUsageReport (not with --no-create),
  ec2:DescribeImageUsageReportEntries and ec2:DescribeImageReferences, which
  may need those to look at what refers to images: ec2:DescribeInstances,
  ec2:DescribeLaunchTemplates, ec2:DescribeLaunchTemplateVersions,
  ssm:DescribeParameters, ssm:GetParameters and Image Builder's lists

Exit status:
  0    all images are unused, or --fail-on leaves out what is not
  1    an image is in use; others may be unknown
  2    none is in use, but of one at least it is not known; or no image was
       found
  130  interrupted by Ctrl-C; no verdict is written. Run it again: it goes on
       with the reports that it created
  143  terminated by SIGTERM; the same
  252  the command line is wrong; nothing was sent
  253  configuration: no credentials, no Region, an unknown profile
  254  the service refused what all verdicts need
  255  anything else: network, disk full";

/// Below `amiusage emulator --help`.
pub(super) const EMULATOR: &str = "\
Actions:
  DescribeImageUsageReportEntries, DescribeImageUsageReports,
  CreateImageUsageReport, DeleteImageUsageReport, DescribeImages,
  DescribeImageReferences and DescribeRegions, with EC2's quotas: 1 pending
  report an image, 2,000 a Region. What was created is gone when it ends.

Documents:
  The document of --state, and of --offline=FILE, is a JSON object of these
  lists. The first four are as the AWS CLI prints them, so that the answers
  of several commands may stand in one document. Lists may be left out, but
  one that tells of usage has to be there: the first, the second or Usage.

  ImageUsageReports        the reports that there are
  ImageUsageReportEntries  their entries, seen when the report is available
  Images                   all images; without it, any image has reports
  ImageReferences          what the account itself uses images for
  Usage                    what new reports find
  FailingReports           the images whose new reports fail

  Each item of Usage has an ImageId, ResourceType, AccountId and UsageCount.
  A new report holds those of its image that it was created for. Where there
  are none, it holds what the image's newest available report does. Each item
  of FailingReports has an ImageId and a StateReason.

  The account is the owner of the first image, and reports are for its own
  images only. An item with a Region is in this Region, one without in all.

Examples:
  The sample data, until Ctrl-C:
    amiusage emulator

  Then in another shell, after the two lines that it printed:
    amiusage entries --image-ids ami-0abcdef1234567890
    aws ec2 create-image-usage-report --image-id ami-0abcdef1234567890 \\
        --resource-types ResourceType=ec2:Instance

  A lot of data, from a slow service, at any free port:
    amiusage emulator --listen 127.0.0.1:0 \\
        --synthetic images=20,entries=50000 --latency 50ms

  A service that throttles, to try a script against it:
    amiusage emulator --throttle burst=100,rate=20 --report-delay 30s

Exit status:
  0    ended with Ctrl-C or SIGTERM
  252  the command line or the document is wrong
  255  anything else: the address is taken";

/// Below `amiusage completions --help`.
pub(super) const COMPLETIONS: &str = "\
Set up:
  In bash, a line for ~/.bashrc:
    source <(amiusage completions bash)

  In zsh, a line for ~/.zshrc, below compinit:
    source <(amiusage completions zsh)

  In fish, a line for ~/.config/fish/config.fish:
    amiusage completions fish | source

  In PowerShell, a line for the file that $PROFILE names:
    amiusage completions powershell | Out-String | Invoke-Expression

  In elvish, a line for ~/.config/elvish/rc.elv:
    eval (amiusage completions elvish | slurp)

Exit status:
  0    the script was written
  252  the command line is wrong
  255  the script could not be written";
