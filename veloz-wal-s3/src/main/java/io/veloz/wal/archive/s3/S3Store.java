package io.veloz.wal.archive.s3;

import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectKeys;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.DeleteObjectsResponse;
import software.amazon.awssdk.services.s3.model.DeletedObject;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Error;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;

/**
 * A store whose objects are below a prefix of a bucket, in S3 or an S3-compatible service. Thread-safe. An interrupt does
 * not end a request, and the interrupt flag is kept. Requests are not retried. A response without the headers that S3 always
 * sends is an error.
 *
 * <p>Messages contain no secrets. This does not include the log of the SDK: below INFO, its logger
 * {@code software.amazon.awssdk} writes what it signs, including the session token. Keep that logger at INFO.
 */
public final class S3Store implements ObjectStore {
    private static final int STATUS_PRECONDITION_FAILED = 412;

    private static final int MAX_KEYS_PER_DELETE = 1_000;

    /** Lower limit of the transfer rate: a put that never stalls and is slower than this is aborted. */
    private static final long SLOWEST_BYTES_PER_SECOND = 1024;

    private final S3Location location;
    private final S3Settings settings;
    private final S3Errors errors;
    private final S3Client client;
    private final S3Reader reader;

    /** The checksum of uploads. {@link S3Settings.Checksums#AUTO} becomes MD5 after the store has rejected a CRC32C. */
    private volatile S3Settings.Checksums checksums;

    private volatile boolean isClosed;

    /**
     * Opens a store. Sends no request, except to the instance metadata if neither a region nor an endpoint is configured.
     *
     * @param uri {@code s3://bucket/prefix}
     * @throws IllegalArgumentException if the URI or a setting is invalid, or no region is configured
     */
    public S3Store(URI uri, S3Settings settings) {
        this(uri, settings, System::getenv);
    }

    /** @param environment the variables of the process */
    S3Store(URI uri, S3Settings settings, Function<String, @Nullable String> environment) {
        this.location = S3Location.of(uri);
        this.settings = settings;
        RedactingCredentialsProvider credentials =
                new RedactingCredentialsProvider(S3ClientFactory.credentials(settings, environment));
        this.client = S3ClientFactory.open(settings, credentials, environment);
        this.errors = new S3Errors(location, client.serviceClientConfiguration().endpointOverride(), credentials);
        this.checksums = settings.checksums;
        this.reader = new S3Reader(client, location, errors);
    }

    @Override
    public String describe() {
        return location.describe();
    }

    @Override
    public String toString() {
        return describe();
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        ObjectKeys.require(key);
        return send("put " + key, () -> put(key, content));
    }

    private boolean put(String key, ObjectContent content) throws StoreException {
        if (checksums != S3Settings.Checksums.AUTO) {
            return put(key, content, checksums);
        }
        try {
            return put(key, content, S3Settings.Checksums.CRC32C);
        } catch (S3Exception e) {
            if (!S3Errors.isNotImplemented(e)) {
                throw e;
            }
        }
        // Not a retry: the store does not implement the header, and has stored nothing.
        boolean created = put(key, content, S3Settings.Checksums.MD5);
        checksums = S3Settings.Checksums.MD5;
        return created;
    }

    private boolean put(String key, ObjectContent content, S3Settings.Checksums checksum) throws StoreException {
        S3UploadContent upload = new S3UploadContent(content);
        try {
            PutObjectResponse response = client.putObject(
                    request(key, content.length(), checksum, upload),
                    RequestBody.fromContentProvider(upload, content.length(), "application/octet-stream"));
            if (response.eTag() == null) {
                throw new StoreUnavailableException(
                        "unknown whether " + key + " was put in " + describe()
                                + ": the response has no ETag, so it is not from the store",
                        null);
            }
            return true;
        } catch (SdkException | UncheckedIOException e) {
            return failedPut(key, upload.failure(), e);
        } finally {
            closeQuietly(upload);
        }
    }

    private PutObjectRequest request(String key, long length, S3Settings.Checksums checksum, S3UploadContent upload) {
        PutObjectRequest.Builder request = PutObjectRequest.builder()
                .bucket(location.bucket())
                .key(location.prefix() + key)
                .ifNoneMatch("*")
                .contentLength(length);
        // The stall timeout aborts a put, not a limit on the whole attempt: see StallTimeoutHttpClient.
        Duration longest = settings.callTimeout.plusSeconds(length / SLOWEST_BYTES_PER_SECOND);
        request.overrideConfiguration(
                override -> override.apiCallAttemptTimeout(longest).apiCallTimeout(longest));
        switch (checksum) {
            case AUTO, CRC32C -> request.checksumAlgorithm(ChecksumAlgorithm.CRC32_C);
            case MD5 -> request.contentMD5(upload.md5());
            case WHEN_REQUIRED -> {}
        }
        switch (settings.encryption) {
            case AES256 -> request.serverSideEncryption(ServerSideEncryption.AES256);
            case KMS ->
                request.serverSideEncryption(ServerSideEncryption.AWS_KMS).ssekmsKeyId(settings.kmsKeyId);
            case NONE -> {}
        }
        if (settings.storageClass != null) {
            request.storageClass(settings.storageClass);
        }
        return request.build();
    }

    /** Returns false if the object exists, and throws otherwise. */
    private boolean failedPut(String key, @Nullable IOException contentFailure, RuntimeException e)
            throws StoreException {
        if (contentFailure != null) {
            throw new StoreException(
                    "cannot put " + key + " in " + describe() + ": its content cannot be read: " + contentFailure,
                    contentFailure);
        }
        if (e instanceof S3Exception refused) {
            String code = S3Errors.code(refused);
            if (code.equals("PreconditionFailed")
                    || (code.isEmpty() && refused.statusCode() == STATUS_PRECONDITION_FAILED)) {
                return false;
            }
        }
        throw e;
    }

    private static void closeQuietly(S3UploadContent upload) {
        try {
            upload.close();
        } catch (IOException e) {
            // The content was only read, and the outcome of the put is known.
        }
    }

    @Override
    public Optional<StoredObject> head(String key) throws StoreException {
        ObjectKeys.require(key);
        return send("read the size of " + key, () -> reader.head(key));
    }

    @Override
    public InputStream get(String key) throws StoreException {
        ObjectKeys.require(key);
        return send("get " + key, () -> reader.get(key));
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        ObjectKeys.require(key);
        if (from < 0 || length < 0) {
            throw new IllegalArgumentException(
                    "range from " + from + ", " + length + " bytes: expected values of at least 0");
        }
        if (length == 0) {
            if (head(key).isEmpty()) {
                throw new NoSuchObjectException("object " + key + " does not exist in " + describe(), null);
            }
            return InputStream.nullInputStream();
        }
        return send("get " + key, () -> reader.get(key, from, length));
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        return send("list " + prefix, () -> reader.list(prefix, afterKey));
    }

    @Override
    public void delete(List<String> keys) throws StoreException {
        keys.forEach(ObjectKeys::require);
        send("delete " + keys.size() + " objects", () -> deleteAll(keys));
    }

    private int deleteAll(List<String> keys) throws StoreException {
        for (int from = 0; from < keys.size(); from += MAX_KEYS_PER_DELETE) {
            List<String> batch = keys.subList(from, Math.min(keys.size(), from + MAX_KEYS_PER_DELETE));
            try {
                deleteBatch(batch);
            } catch (S3Exception e) {
                if (!isUnsupported(e)) {
                    throw e;
                }
                // Some stores support only the request for one object.
                for (String key : batch) {
                    client.deleteObject(
                            request -> request.bucket(location.bucket()).key(location.prefix() + key));
                }
            }
        }
        return keys.size();
    }

    private static boolean isUnsupported(S3Exception e) {
        return switch (S3Errors.code(e)) {
            case "NotImplemented", "MethodNotAllowed", "InvalidRequest", "MissingContentMD5" -> true;
            case "" -> e.statusCode() == 501 || e.statusCode() == 405;
            default -> false;
        };
    }

    private void deleteBatch(List<String> keys) throws StoreException {
        List<ObjectIdentifier> objects = keys.stream()
                .distinct()
                .map(key ->
                        ObjectIdentifier.builder().key(location.prefix() + key).build())
                .toList();
        DeleteObjectsResponse response = client.deleteObjects(
                request -> request.bucket(location.bucket()).delete(delete -> delete.objects(objects)));
        for (S3Error error : response.errors()) {
            if (!"NoSuchKey".equals(error.code())) {
                throw errors.translate("delete " + error.key(), asException(error));
            }
        }
        Set<String> reported = new HashSet<>();
        response.deleted().stream().map(DeletedObject::key).forEach(reported::add);
        response.errors().stream().map(S3Error::key).forEach(reported::add);
        for (ObjectIdentifier object : objects) {
            if (!reported.contains(object.key())) {
                throw new StoreUnavailableException(
                        "delete " + object.key() + " in " + describe() + ": the response does not contain the key",
                        null);
            }
        }
    }

    private static S3Exception asException(S3Error error) {
        return (S3Exception) S3Exception.builder()
                .awsErrorDetails(AwsErrorDetails.builder()
                        .errorCode(error.code())
                        .errorMessage(error.message())
                        .build())
                .statusCode(200)
                .build();
    }

    /** A request. It may throw exceptions of the SDK, which are translated, or of the store. */
    interface Request<T> {
        T send() throws StoreException;
    }

    /**
     * Sends a request on another thread. The SDK implements timeouts by interrupts, and would clear an interrupt of the
     * caller's thread.
     */
    private <T> T send(String what, Request<T> request) throws StoreException {
        checkOpen();
        try {
            return UninterruptibleThread.call("veloz-wal-s3 " + location.bucket(), request::send);
        } catch (StoreException e) {
            throw e;
        } catch (RuntimeException e) {
            if (!(e instanceof SdkException)) {
                checkOpen();
            }
            throw translate(what, e);
        } catch (Exception e) {
            throw new StoreException("cannot " + what + " in " + describe() + ": " + e, e);
        }
    }

    private StoreException translate(String what, RuntimeException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof RedactingCredentialsProvider.NoCredentialsException none) {
                return errors.noCredentials(what, none);
            }
        }
        return e instanceof SdkException failure ? errors.translate(what, failure) : errors.invalidResponse(what, e);
    }

    private void checkOpen() {
        if (isClosed) {
            throw new IllegalStateException("the store " + describe() + " is closed");
        }
    }

    @Override
    public void close() {
        isClosed = true;
        client.close();
    }
}
