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
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;

/**
 * Objects below a prefix of a bucket, in S3 or in a store that speaks its protocol. Any thread may use it; an
 * interrupt is kept for later, and ends no request. Nothing is retried, and no answer is believed that lacks what S3 always says.
 *
 * <p>No message shows a secret. What the SDK logs is not ours: below INFO its logger {@code software.amazon.awssdk} writes
 * what it signs, session token included; leave it at INFO.
 */
public final class S3Store implements ObjectStore {
    private static final int STATUS_PRECONDITION_FAILED = 412;

    /** A put that is never silent and yet slower than this is given up: it would never end. */
    private static final long SLOWEST_BYTES_PER_SECOND = 1024;

    private final S3Place place;
    private final S3Settings settings;
    private final S3Errors errors;
    private final S3Client client;
    private final S3Reads reads;
    private final S3Deletes deletes;
    /** How uploads carry a checksum. {@link S3Settings.Checksums#AUTO} becomes MD5 once the store has refused a CRC32C. */
    private volatile S3Settings.Checksums checksums;

    private volatile boolean isClosed;

    /**
     * Opens a store. Nothing is asked of it yet; only where there is neither a region nor an endpoint, the machine is asked
     * where it runs.
     *
     * @param uri {@code s3://bucket/prefix}
     * @throws IllegalArgumentException if the URI or a setting makes no sense, or there is no region
     */
    public S3Store(URI uri, S3Settings settings) {
        this(uri, settings, System::getenv);
    }

    /** @param environment the variables of the process */
    S3Store(URI uri, S3Settings settings, Function<String, @Nullable String> environment) {
        this.place = S3Place.of(uri);
        this.settings = settings;
        S3Secrets secrets = new S3Secrets(S3Connection.credentials(settings, environment));
        this.client = S3Connection.open(settings, secrets, environment);
        this.errors = new S3Errors(place, client.serviceClientConfiguration().endpointOverride(), secrets);
        this.checksums = settings.checksums;
        this.reads = new S3Reads(client, place, errors);
        this.deletes = new S3Deletes(client, place, errors);
    }

    @Override
    public String describe() {
        return place.describe();
    }

    @Override
    public String toString() {
        return describe();
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        ObjectKeys.require(key);
        return asked("put " + key, () -> put(key, content));
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
        // Nothing was stored, so this is no retry: the store does not know the header.
        boolean created = put(key, content, S3Settings.Checksums.MD5);
        checksums = S3Settings.Checksums.MD5;
        return created;
    }

    private boolean put(String key, ObjectContent content, S3Settings.Checksums checksum) throws StoreException {
        S3Upload upload = new S3Upload(content);
        try {
            PutObjectResponse answer = client.putObject(
                    request(key, content.length(), checksum, upload),
                    RequestBody.fromContentProvider(upload, content.length(), "application/octet-stream"));
            if (answer.eTag() == null) {
                throw new StoreUnavailableException(
                        "cannot say whether " + key + " was put in " + describe()
                                + ": the answer has no ETag, so something else than the store gave it",
                        null);
            }
            return true;
        } catch (SdkException | UncheckedIOException e) {
            return refusedPut(key, upload.failure(), e);
        } finally {
            closeQuietly(upload);
        }
    }

    private PutObjectRequest request(String key, long length, S3Settings.Checksums checksum, S3Upload upload) {
        PutObjectRequest.Builder request = PutObjectRequest.builder()
                .bucket(place.bucket())
                .key(place.prefix() + key)
                .ifNoneMatch("*")
                .contentLength(length);
        // Not the time for a whole attempt, but silence ends a put: see S3Silence.
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

    /** Always false, if it does not throw. */
    private boolean refusedPut(String key, @Nullable IOException contentFailure, RuntimeException e)
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

    private static void closeQuietly(S3Upload upload) {
        try {
            upload.close();
        } catch (IOException e) {
            // It was only read, and what came of it is known.
        }
    }

    @Override
    public Optional<StoredObject> head(String key) throws StoreException {
        ObjectKeys.require(key);
        return asked("look at " + key, () -> reads.head(key));
    }

    @Override
    public InputStream get(String key) throws StoreException {
        ObjectKeys.require(key);
        return asked("get " + key, () -> reads.get(key));
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        ObjectKeys.require(key);
        if (from < 0 || length < 0) {
            throw new IllegalArgumentException(
                    "range from " + from + ", " + length + " bytes: expected no negative one");
        }
        if (length == 0) {
            if (head(key).isEmpty()) {
                throw new NoSuchObjectException("there is no object " + key + " in " + describe(), null);
            }
            return InputStream.nullInputStream();
        }
        return asked("get " + key, () -> reads.get(key, from, length));
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        return asked("list " + prefix, () -> reads.list(prefix, afterKey));
    }

    @Override
    public void delete(List<String> keys) throws StoreException {
        keys.forEach(ObjectKeys::require);
        asked("delete " + keys.size() + " objects", () -> deletes.delete(keys));
    }

    /** A request, whose answer may be told as a {@link StoreException} already. */
    interface Request<T> {
        T send() throws StoreException;
    }

    /**
     * On a thread of its own, because the SDK ends a request that takes too long by an interrupt, and takes an interrupt of
     * the caller for its own: the caller would never see it.
     */
    private <T> T asked(String what, Request<T> request) throws StoreException {
        checkOpen();
        try {
            return UninterruptibleThread.call("veloz-wal-s3 " + place.bucket(), request::send);
        } catch (StoreException e) {
            throw e;
        } catch (RuntimeException e) {
            if (!(e instanceof SdkException)) {
                checkOpen();
            }
            throw translated(what, e);
        } catch (Exception e) {
            throw new StoreException("cannot " + what + " in " + describe() + ": " + e, e);
        }
    }

    private StoreException translated(String what, RuntimeException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof S3Secrets.NoCredentialsException none) {
                return errors.noCredentials(what, none);
            }
        }
        return e instanceof SdkException failure ? errors.told(what, failure) : errors.odd(what, e);
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
