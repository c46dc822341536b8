package io.veloz.wal.archive.s3;

import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.StoreDeniedException;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
import java.net.HttpRetryException;
import java.net.URI;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * Translates errors of the AWS SDK into exceptions of the store. The error code takes precedence over the status, because
 * S3-compatible stores agree more on codes. Messages of the store are redacted, because some repeat the signed request.
 */
final class S3Errors {
    private static final int MESSAGE_MAX_CHARS = 300;

    /** The start of signed data or of a signature, but not an error code or a sentence that mentions a signature. */
    private static final Pattern SIGNED = Pattern.compile(
            "(AWS4-HMAC-SHA256|AWS [A-Za-z0-9]+:|Credential=|Signature(Provided)?[\"']?\\s*[=:>]|StringToSign"
                    + "|Security-Token|SessionToken|SecretAccessKey).*",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    /** Control characters, line separators and characters that change the text direction. */
    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+");

    /** The location, and the endpoint unless it is AWS: a wrong endpoint is a common cause of errors. */
    private final String where;

    private final RedactingCredentialsProvider credentials;

    S3Errors(S3Location location, Optional<URI> endpoint, RedactingCredentialsProvider credentials) {
        this.credentials = credentials;
        this.where = location.describe()
                + endpoint.map(uri -> " at " + clean(uri.toString())).orElse("");
    }

    /** Translates the failure of an action such as "put ship/1". */
    StoreException translate(String action, SdkException e) {
        String message = "cannot " + clean(action) + " in " + where + ": ";
        if (e instanceof S3Exception refused) {
            return rejected(message, code(refused), refused);
        }
        return noResponse(message, e);
    }

    /** Translates a failure of the credentials provider. Only network errors are temporary. */
    StoreException noCredentials(String action, RedactingCredentialsProvider.NoCredentialsException e) {
        @Nullable Throwable source = e.getCause();
        String message = "cannot " + clean(action) + " in " + where + ": no credentials: ";
        if (source instanceof AwsServiceException refused) {
            String text = message + describe(code(refused), refused);
            return refused.statusCode() >= 500 || refused.isThrottlingException()
                    ? new StoreUnavailableException(text, null)
                    : denied(
                            text,
                            "this is the response of the credentials service; check the role and its trust policy");
        }
        String text = source == null ? "" : String.valueOf(source.getMessage());
        if (text.contains("from any of the providers in the chain")) {
            return denied(
                    message + "not found in environment, profile, container or instance metadata",
                    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role");
        }
        if (!(source instanceof SdkException) || causeOf(source, IOException.class) != null) {
            return new StoreUnavailableException(message + clean(String.valueOf(source)), e);
        }
        return new StoreDeniedException(
                message + clean(text) + "; renew them (aws sso login), or correct the profile or the variables", e);
    }

    private static <T extends Throwable> @Nullable T causeOf(@Nullable Throwable failure, Class<T> type) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (type.isInstance(cause)) {
                return type.cast(cause);
            }
        }
        return null;
    }

    /** Returns whether the store does not implement a header of the request. The request then has no effect. */
    static boolean isNotImplemented(S3Exception e) {
        return code(e).equals("NotImplemented") || (code(e).isEmpty() && e.statusCode() == 501);
    }

    /** Translates a failure inside the SDK: a truncated or invalid response, or a failing credentials provider. */
    StoreException invalidResponse(String action, RuntimeException e) {
        return new StoreUnavailableException(
                "cannot " + action + " in " + where + ": invalid response: " + clean(String.valueOf(e)), e);
    }

    static String code(AwsServiceException e) {
        AwsErrorDetails details = e.awsErrorDetails();
        String code = details == null ? null : details.errorCode();
        return code == null ? "" : code;
    }

    private StoreException rejected(String message, String code, AwsServiceException e) {
        String text = message + describe(code, e);
        return switch (code) {
            case "NoSuchKey" -> new NoSuchObjectException(text, null);
            case "NoSuchBucket" -> new StoreException(text + "; create the bucket, or correct its name", null);
            case "ConditionalRequestConflict", "OperationAborted" ->
                new StoreUnavailableException(
                        text + "; nothing was stored, because of a concurrent request for the same key", null);
            case "SlowDown",
                    "ServiceUnavailable",
                    "InternalError",
                    "RequestTimeout",
                    "TooManyRequests",
                    "Throttling",
                    "ThrottlingException",
                    "BadDigest",
                    "IncompleteBody" -> new StoreUnavailableException(text, null);
            case "AccessDenied" ->
                denied(
                        text,
                        "grant this user the permissions that docs/archive.md lists; without s3:ListBucket, S3 denies"
                                + " requests for missing objects");
            case "InvalidObjectState" ->
                denied(
                        text,
                        "the object is in an archive tier (Glacier): restore it with s3:RestoreObject, and remove the"
                                + " transition to that tier from the lifecycle rules of the bucket");
            case "AllAccessDisabled", "AccountProblem", "NotSignedUp", "OptInRequired" ->
                denied(text, "the account is closed or suspended: check its billing and its status with the provider");
            case "QuotaExceeded",
                    "LimitExceeded",
                    "ServiceQuotaExceeded",
                    "StorageQuotaExceeded",
                    "XMinioAdminBucketQuotaExceeded",
                    "XMinioStorageFull",
                    "InsufficientCapacity" ->
                denied(text, "the store is full or its quota is used up: raise the quota or free space in the store");
            case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidClientTokenId", "InvalidSecurity" ->
                denied(
                        text,
                        "correct the credentials: access key id and secret do not match, or belong to another store");
            case "ExpiredToken", "TokenRefreshRequired", "InvalidToken", "RequestExpired" ->
                denied(text, "renew the credentials: the session token has expired or belongs to another store");
            case "RequestTimeTooSkewed" ->
                denied(text, "correct the clock of this machine: it differs from the clock of the store by minutes");
            case "PermanentRedirect",
                    "TemporaryRedirect",
                    "Redirect",
                    "AuthorizationHeaderMalformed",
                    "IllegalLocationConstraintException" ->
                denied(text, "set the region (AWS_REGION) to that of the bucket" + bucketRegion(e));
            default -> code.startsWith("KMS") ? kms(text, code) : byStatus(text, e);
        };
    }

    private static StoreException kms(String text, String code) {
        if (code.contains("Throttling") || code.contains("Internal") || code.contains("Unavailable")) {
            return new StoreUnavailableException(text, null);
        }
        return denied(
                text,
                "the encryption key of the bucket is disabled or scheduled for deletion, or this user lacks"
                        + " kms:GenerateDataKey and kms:Decrypt: enable the key, or grant the permissions");
    }

    private StoreException byStatus(String text, AwsServiceException e) {
        int status = e.statusCode();
        if ((status >= 500 && status != 501 && status != 507) || status == 408 || status == 429 || status == 409) {
            return new StoreUnavailableException(text, null);
        }
        if (status == 507) {
            return denied(text, "the store is full: free space in it");
        }
        if (status == 413) {
            return denied(text, "a proxy in front of the store limits the size of requests: raise that limit");
        }
        if (text.toLowerCase(Locale.ROOT).contains("content-md5")) {
            return denied(text, "a bucket with Object Lock needs a checksum: set checksumMode to auto, crc32c or md5");
        }
        if (status == 401 || status == 403) {
            return denied(text, "check the credentials and the permissions of this user");
        }
        if (status == 301 || status == 302 || status == 307 || status == 308) {
            return denied(
                    text, "set the endpoint and the region (AWS_REGION) to those of the bucket" + bucketRegion(e));
        }
        if (status / 100 == 2) {
            return new StoreUnavailableException(text + "; invalid response", null);
        }
        return new StoreException(text, null);
    }

    private static StoreDeniedException denied(String text, String next) {
        return new StoreDeniedException(text + "; " + next, null);
    }

    private static String bucketRegion(AwsServiceException e) {
        AwsErrorDetails details = e.awsErrorDetails();
        if (details == null || details.sdkHttpResponse() == null) {
            return "";
        }
        return details.sdkHttpResponse()
                .firstMatchingHeader("x-amz-bucket-region")
                .filter(region -> region.matches("[a-z0-9-]{1,40}"))
                .map(region -> ", which is " + region)
                .orElse("");
    }

    private String describe(String code, AwsServiceException e) {
        AwsErrorDetails details = e.awsErrorDetails();
        StringBuilder text = new StringBuilder();
        text.append(code.isEmpty() ? "no error code" : code.matches("[A-Za-z0-9._-]{1,64}") ? code : clean(code))
                .append(" (status ")
                .append(e.statusCode());
        if (e.requestId() != null) {
            text.append(", request ").append(clean(e.requestId()));
        }
        text.append(')');
        String message = details == null ? null : details.errorMessage();
        return message == null || message.isBlank()
                ? text.toString()
                : text.append(": ").append(clean(message)).toString();
    }

    /** Returns a short single line without credentials, truncated where signed data begins. */
    private String clean(String text) {
        String line = UNPRINTABLE
                .matcher(SIGNED.matcher(credentials.redact(text)).replaceAll("[hidden]"))
                .replaceAll(" ");
        return line.length() > MESSAGE_MAX_CHARS ? line.substring(0, MESSAGE_MAX_CHARS) + "…" : line;
    }

    private StoreException noResponse(String message, SdkException e) {
        HttpRetryException retry = causeOf(e, HttpRetryException.class);
        String text = clean(String.valueOf(e.getMessage()));
        if ((retry != null && (retry.responseCode() == 401 || retry.responseCode() == 407)) || text.contains("407")) {
            return denied(
                    message + "status " + (retry == null ? 407 : retry.responseCode()),
                    "check the credentials and the proxy (HTTPS_PROXY)");
        }
        if (isUntrusted(e)) {
            return denied(
                    message + text,
                    "the certificate is not trusted: set AWS_CA_BUNDLE (or caBundle) to a PEM file of the CA that signed it,"
                            + " or add that CA to the trust store of the JVM");
        }
        SSLException tls = causeOf(e, SSLException.class);
        if (tls != null && String.valueOf(tls.getMessage()).contains("Unsupported or unrecognized SSL message")) {
            return denied(message + text, "the endpoint does not support TLS: use http://, or its TLS port");
        }
        return new StoreUnavailableException(message + text + reason(e), e);
    }

    /** The exceptions of the JDK for an untrusted CA, a host name mismatch and an expired certificate. */
    private static boolean isUntrusted(SdkException e) {
        return causeOf(e, CertificateException.class) != null
                || causeOf(e, CertPathValidatorException.class) != null
                || causeOf(e, CertPathBuilderException.class) != null
                || causeOf(e, SSLPeerUnverifiedException.class) != null;
    }

    private static String reason(SdkException e) {
        @Nullable Throwable root = e.getCause();
        while (root != null && root.getCause() != null) {
            root = root.getCause();
        }
        return root instanceof IOException ? " (" + root.getClass().getSimpleName() + ")" : "";
    }
}
