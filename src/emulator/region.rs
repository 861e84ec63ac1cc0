//! The Region that a request was signed for.

/// The Region in an `Authorization` header of AWS Signature Version 4: the third part of the credential's scope,
/// as in `AWS4-HMAC-SHA256 Credential=AKID/20250929/eu-west-1/ec2/aws4_request, …`. The signature itself is not
/// checked.
pub fn signed_region(authorization: &str) -> Option<&str> {
    let (_, credential) = authorization.split_once("Credential=")?;
    region_of(credential.split([',', ' ']).next()?)
}

/// The Region in a credential with its scope, which a query string has as `X-Amz-Credential`.
pub(super) fn region_of(credential: &str) -> Option<&str> {
    // AWS access keys have no slash, but made-up ones may.
    let mut parts = credential.rsplit('/');
    (parts.next()? == "aws4_request").then_some(())?;
    parts.nth(1).filter(|region| !region.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_part_of_the_credential_scope() {
        for (authorization, region) in [
            (
                "AWS4-HMAC-SHA256 Credential=AKID/20250929/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=0",
                Some("eu-west-1"),
            ),
            (
                "AWS4-HMAC-SHA256 Credential=a/b/20250929/us-east-1/ec2/aws4_request,SignedHeaders=x",
                Some("us-east-1"),
            ),
            (
                "AWS4-HMAC-SHA256 Credential=AKID/20250929//ec2/aws4_request",
                None,
            ),
            ("AWS4-HMAC-SHA256 Credential=AKID", None),
            ("Basic dTpw", None),
            ("", None),
        ] {
            assert_eq!(signed_region(authorization), region, "{authorization}");
        }
    }
}
