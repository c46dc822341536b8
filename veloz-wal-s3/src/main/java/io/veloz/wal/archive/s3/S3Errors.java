package io.veloz.wal.archive.s3;

import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.StoreDeniedException;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
import java.net.HttpRetryException;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * Says what S3's refusals mean to a caller. The error code decides before the status, because stores agree more on codes.
 * No message of a store is handed on unlooked at: some repeat what was signed.
 */
final class S3Errors {
    private static final int MESSAGE_MAX_CHARS = 300;
    private static final Pattern SIGNED = Pattern.compile(
            "(AWS4-HMAC-SHA256|AWS [A-Za-z0-9]+:|Credential=|Signature|Security-Token|SessionToken|SecretAccessKey).*",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    private final S3Place place;
    private final S3Secrets secrets;

    S3Errors(S3Place place, S3Secrets secrets) {
        this.place = place;
        this.secrets = secrets;
    }

    /** The same failure for a caller, of an action such as "put ship/1". */
    StoreException told(String action, SdkException e) {
        String message = "cannot " + action + " in " + place.describe() + ": ";
        if (e instanceof AwsServiceException refused) {
            return refused(message, code(refused), refused);
        }
        return unanswered(message, e);
    }

    /** What the SDK itself stumbles over: an answer that ends early or is none, or a provider of credentials that fails. */
    StoreException odd(String action, RuntimeException e) {
        return new StoreUnavailableException(
                "cannot " + action + " in " + place.describe() + ": no answer that makes sense: "
                        + clean(String.valueOf(e)),
                e);
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
            case "AccessDenied", "AllAccessDisabled", "AccountProblem", "KMS.DisabledException" ->
                denied(
                        told,
                        "give this user the rights that docs/archive.md lists; without s3:ListBucket, S3 denies even"
                                + " to say that an object is missing");
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
            default -> byStatus(told, e);
        };
    }

    private StoreException byStatus(String told, AwsServiceException e) {
        int status = e.statusCode();
        if ((status >= 500 && status != 501) || status == 408 || status == 429 || status == 409) {
            return new StoreUnavailableException(told, null);
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
        text.append(code.isEmpty() ? "no reason given" : clean(code))
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
        String line = SIGNED.matcher(secrets.hide(text)).replaceAll("[hidden]").replaceAll("\\p{Cntrl}+", " ");
        return line.length() > MESSAGE_MAX_CHARS ? line.substring(0, MESSAGE_MAX_CHARS) + "…" : line;
    }

    private StoreException unanswered(String message, SdkException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof HttpRetryException asked
                    && (asked.responseCode() == 401 || asked.responseCode() == 407)) {
                return denied(message + "status " + asked.responseCode(), "look at the credentials, and at the proxy");
            }
        }
        String text = String.valueOf(e.getMessage());
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.contains("unable to load credentials") || lower.contains("credentials could not be")) {
            return new StoreDeniedException(
                    message
                            + "there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a"
                            + " role",
                    e);
        }
        return new StoreUnavailableException(message + clean(text) + reason(e), e);
    }

    private static String reason(SdkException e) {
        @Nullable Throwable root = e.getCause();
        while (root != null && root.getCause() != null) {
            root = root.getCause();
        }
        return root instanceof IOException ? " (" + root.getClass().getSimpleName() + ")" : "";
    }
}
