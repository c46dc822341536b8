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
 * Says what S3's refusals mean to a caller. The error code decides before the status, because stores agree more on codes.
 * No message of a store is handed on unlooked at: some repeat what was signed.
 */
final class S3Errors {
    private static final int MESSAGE_MAX_CHARS = 300;

    /** Where something begins that was signed, or is the signature. The name of an error, or a sentence about it, is not. */
    private static final Pattern SIGNED = Pattern.compile(
            "(AWS4-HMAC-SHA256|AWS [A-Za-z0-9]+:|Credential=|Signature(Provided)?[\"']?\\s*[=:>]|StringToSign"
                    + "|Security-Token|SessionToken|SecretAccessKey).*",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    /** What moves a cursor, begins a line or turns the direction of text. */
    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+");

    /** The place, and the endpoint unless it is AWS itself: a wrong endpoint is a common cause, and its name shows it. */
    private final String where;

    private final S3Secrets secrets;

    S3Errors(S3Place place, Optional<URI> endpoint, S3Secrets secrets) {
        this.secrets = secrets;
        this.where = place.describe()
                + endpoint.map(uri -> " at " + clean(uri.toString())).orElse("");
    }

    /** The same failure for a caller, of an action such as "put ship/1". */
    StoreException told(String action, SdkException e) {
        String message = "cannot " + clean(action) + " in " + where + ": ";
        if (e instanceof S3Exception refused) {
            return refused(message, code(refused), refused);
        }
        return unanswered(message, e);
    }

    /** The source of the credentials gave none. Only what is a matter of the network may pass by itself. */
    StoreException noCredentials(String action, S3Secrets.NoCredentialsException e) {
        @Nullable Throwable source = e.getCause();
        String message = "cannot " + clean(action) + " in " + where + ": no credentials: ";
        if (source instanceof AwsServiceException refused) {
            String told = message + said(code(refused), refused);
            return refused.statusCode() >= 500 || refused.isThrottlingException()
                    ? new StoreUnavailableException(told, null)
                    : denied(
                            told,
                            "this is the answer of the credentials' service; look at the role and who may assume it");
        }
        String text = source == null ? "" : String.valueOf(source.getMessage());
        if (text.contains("from any of the providers in the chain")) {
            return denied(
                    message + "none in the environment, the profile, the container and the machine",
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

    /** Whether the store refuses because it does not know a header, so that nothing was done. */
    static boolean isNotImplemented(S3Exception e) {
        return code(e).equals("NotImplemented") || (code(e).isEmpty() && e.statusCode() == 501);
    }

    /** What the SDK itself stumbles over: an answer that ends early or is none, or a provider of credentials that fails. */
    StoreException odd(String action, RuntimeException e) {
        return new StoreUnavailableException(
                "cannot " + action + " in " + where + ": no answer that makes sense: " + clean(String.valueOf(e)), e);
    }

    static String code(AwsServiceException e) {
        AwsErrorDetails details = e.awsErrorDetails();
        String code = details == null ? null : details.errorCode();
        return code == null ? "" : code;
    }

    private StoreException refused(String message, String code, AwsServiceException e) {
        String told = message + said(code, e);
        return switch (code) {
            case "NoSuchKey" -> new NoSuchObjectException(told, null);
            case "NoSuchBucket" -> new StoreException(told + "; create the bucket, or mend its name", null);
            case "ConditionalRequestConflict", "OperationAborted" ->
                new StoreUnavailableException(
                        told + "; nothing was stored, because another request for the key was under way", null);
            case "SlowDown",
                    "ServiceUnavailable",
                    "InternalError",
                    "RequestTimeout",
                    "TooManyRequests",
                    "Throttling",
                    "ThrottlingException",
                    "BadDigest",
                    "IncompleteBody" -> new StoreUnavailableException(told, null);
            case "AccessDenied" ->
                denied(
                        told,
                        "give this user the rights that docs/archive.md lists; without s3:ListBucket, S3 denies even"
                                + " to say that an object is missing");
            case "InvalidObjectState" ->
                denied(
                        told,
                        "the object lies in an archive tier (Glacier): bring it back with s3:RestoreObject, and take the"
                                + " transition to that tier out of the bucket's lifecycle rules");
            case "AllAccessDisabled", "AccountProblem", "NotSignedUp", "OptInRequired" ->
                denied(told, "the account is closed or suspended: look at its bill and its status at the provider");
            case "QuotaExceeded",
                    "LimitExceeded",
                    "ServiceQuotaExceeded",
                    "StorageQuotaExceeded",
                    "XMinioAdminBucketQuotaExceeded",
                    "XMinioStorageFull",
                    "InsufficientCapacity" ->
                denied(told, "the store is full or its quota is used up: raise the quota or free space in the store");
            case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidClientTokenId", "InvalidSecurity" ->
                denied(
                        told,
                        "mend the credentials: access key id and secret do not belong together, or not to this store");
            case "ExpiredToken", "TokenRefreshRequired", "InvalidToken", "RequestExpired" ->
                denied(told, "renew the credentials: the session token has expired or is none of this store's");
            case "RequestTimeTooSkewed" ->
                denied(told, "set the clock of this machine: it is minutes away from the store's");
            case "PermanentRedirect",
                    "TemporaryRedirect",
                    "Redirect",
                    "AuthorizationHeaderMalformed",
                    "IllegalLocationConstraintException" ->
                denied(told, "set the region (AWS_REGION) to that of the bucket" + bucketRegion(e));
            default -> code.startsWith("KMS") ? kms(told, code) : byStatus(told, e);
        };
    }

    private static StoreException kms(String told, String code) {
        if (code.contains("Throttling") || code.contains("Internal") || code.contains("Unavailable")) {
            return new StoreUnavailableException(told, null);
        }
        return denied(
                told,
                "the bucket's encryption key is disabled, is to be deleted, or this user has no kms:GenerateDataKey and"
                        + " kms:Decrypt for it: enable the key, or give the right");
    }

    private StoreException byStatus(String told, AwsServiceException e) {
        int status = e.statusCode();
        if ((status >= 500 && status != 501 && status != 507) || status == 408 || status == 429 || status == 409) {
            return new StoreUnavailableException(told, null);
        }
        if (status == 507) {
            return denied(told, "the store is full: free space in it");
        }
        if (status == 413) {
            return denied(told, "something in front of the store limits the size of a request: raise that limit");
        }
        if (told.toLowerCase(Locale.ROOT).contains("content-md5")) {
            return denied(told, "a bucket with Object Lock needs a checksum: set checksumMode to auto, crc32c or md5");
        }
        if (status == 401 || status == 403) {
            return denied(told, "look at the credentials and the rights of this user");
        }
        if (status == 301 || status == 302 || status == 307 || status == 308) {
            return denied(
                    told, "set the endpoint and the region (AWS_REGION) to those of the bucket" + bucketRegion(e));
        }
        if (status / 100 == 2) {
            return new StoreUnavailableException(told + "; an answer that makes no sense", null);
        }
        return new StoreException(told, null);
    }

    private static StoreDeniedException denied(String told, String next) {
        return new StoreDeniedException(told + "; " + next, null);
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

    private String said(String code, AwsServiceException e) {
        AwsErrorDetails details = e.awsErrorDetails();
        StringBuilder text = new StringBuilder();
        text.append(code.isEmpty() ? "no reason given" : code.matches("[A-Za-z0-9._-]{1,64}") ? code : clean(code))
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

    /** One line, not long, and cut where something begins that may have been signed or secret. */
    private String clean(String text) {
        String line = UNPRINTABLE
                .matcher(SIGNED.matcher(secrets.hide(text)).replaceAll("[hidden]"))
                .replaceAll(" ");
        return line.length() > MESSAGE_MAX_CHARS ? line.substring(0, MESSAGE_MAX_CHARS) + "…" : line;
    }

    private StoreException unanswered(String message, SdkException e) {
        HttpRetryException asked = causeOf(e, HttpRetryException.class);
        String text = clean(String.valueOf(e.getMessage()));
        if ((asked != null && (asked.responseCode() == 401 || asked.responseCode() == 407)) || text.contains("407")) {
            return denied(
                    message + "status " + (asked == null ? 407 : asked.responseCode()),
                    "look at the credentials, and at the proxy (HTTPS_PROXY)");
        }
        if (isDistrusted(e)) {
            return denied(
                    message + text,
                    "its certificate is not trusted: set AWS_CA_BUNDLE (or caBundle) to a PEM file of the CA that signed it,"
                            + " or add that CA to the JVM's trust store");
        }
        SSLException tls = causeOf(e, SSLException.class);
        if (tls != null && String.valueOf(tls.getMessage()).contains("Unsupported or unrecognized SSL message")) {
            return denied(message + text, "the endpoint does not speak TLS: write it as http://, or give its TLS port");
        }
        return new StoreUnavailableException(message + text + reason(e), e);
    }

    /** The JDK's words for a chain without a trusted CA, a certificate of another host, and one that has expired. */
    private static boolean isDistrusted(SdkException e) {
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
