package io.veloz.wal.archive.s3;

import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectKeys;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Reads and lists objects in S3. Thread-safe. */
final class S3Reader {
    private static final int STATUS_RANGE_NOT_SATISFIABLE = 416;

    /** Limit of consecutive empty pages that are not the last. */
    private static final int MAX_EMPTY_PAGES = 100;

    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");

    private final S3Client client;
    private final S3Location location;
    private final S3Errors errors;

    /** The range of a response: its first byte, and the size of the object. */
    private record Range(long from, long total) {}

    S3Reader(S3Client client, S3Location location, S3Errors errors) {
        this.client = client;
        this.location = location;
        this.errors = errors;
    }

    /** Reads one byte: the response to a HEAD has no error code, which distinguishes a missing bucket from a missing key. */
    Optional<StoredObject> head(String key) throws StoreException {
        try (ResponseInputStream<GetObjectResponse> body = request(key, "bytes=0-0")) {
            GetObjectResponse response = body.response();
            Range range = range(key, response);
            body.abort();
            return Optional.of(new StoredObject(key, range == null ? length(key, response) : range.total()));
        } catch (S3Exception e) {
            if (isAfterTheEnd(e)) {
                return Optional.of(new StoredObject(key, 0));
            }
            if (errors.translate("read the size of " + key, e) instanceof NoSuchObjectException) {
                return Optional.empty();
            }
            throw e;
        } catch (IOException e) {
            if (e instanceof StoreException translated) {
                throw translated;
            }
            throw new StoreUnavailableException(
                    "cannot read the size of " + key + " in " + location.describe() + ": " + e, e);
        }
    }

    InputStream get(String key) throws StoreException {
        ResponseInputStream<GetObjectResponse> body = request(key, null);
        return stream(key, body, 0, Long.MAX_VALUE);
    }

    InputStream get(String key, long from, long length) throws StoreException {
        long last = from + Math.min(length, Long.MAX_VALUE - from) - 1;
        ResponseInputStream<GetObjectResponse> body;
        try {
            body = request(key, "bytes=" + from + "-" + last);
        } catch (S3Exception e) {
            if (isAfterTheEnd(e)) {
                return InputStream.nullInputStream();
            }
            throw e;
        }
        return stream(key, body, from, length);
    }

    private ResponseInputStream<GetObjectResponse> request(String key, @Nullable String range) {
        return client.getObject(GetObjectRequest.builder()
                .bucket(location.bucket())
                .key(location.prefix() + key)
                .range(range)
                .build());
    }

    private static boolean isAfterTheEnd(S3Exception e) {
        String code = S3Errors.code(e);
        return code.equals("InvalidRange") || (code.isEmpty() && e.statusCode() == STATUS_RANGE_NOT_SATISFIABLE);
    }

    private InputStream stream(String key, ResponseInputStream<GetObjectResponse> body, long from, long length)
            throws StoreException {
        try {
            long announced = length(key, body.response());
            Range range = range(key, body.response());
            long total = range == null ? announced : range.total();
            long expected = Math.min(length, Math.max(0, total - from));
            if ((range == null ? 0 : range.from()) != from || announced != expected) {
                throw new StoreException(
                        "get " + key + " in " + location.describe() + ": requested bytes from " + from + ", got "
                                + announced + " bytes of " + range + "; the store does not support ranges",
                        null);
            }
            return new S3ObjectStream(body, key + " in " + location.describe(), announced);
        } catch (StoreException e) {
            body.abort();
            throw e;
        }
    }

    private long length(String key, GetObjectResponse response) throws StoreUnavailableException {
        Long length = response.contentLength();
        if (length == null || response.eTag() == null) {
            throw new StoreUnavailableException(
                    "get " + key + " in " + location.describe() + ": the response has no "
                            + (length == null ? "length" : "ETag") + ", so it is not from the store",
                    null);
        }
        return length;
    }

    /** Null if the response is the whole object. */
    private @Nullable Range range(String key, GetObjectResponse response) throws StoreUnavailableException {
        String header = response.contentRange();
        if (header == null) {
            return null;
        }
        Matcher matcher = CONTENT_RANGE.matcher(header);
        if (!matcher.matches()) {
            throw new StoreUnavailableException(
                    "get " + key + " in " + location.describe() + ": the response has an invalid Content-Range", null);
        }
        return new Range(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(3)));
    }

    List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        ListObjectsV2Request.Builder request = ListObjectsV2Request.builder()
                .bucket(location.bucket())
                .prefix(location.prefix() + prefix)
                .maxKeys(1_000);
        if (!afterKey.isEmpty()) {
            request.startAfter(location.prefix() + afterKey);
        }
        List<StoredObject> page = new ArrayList<>();
        String reachedKey = "";
        int empty = 0;
        while (true) {
            ListObjectsV2Response response = client.listObjectsV2(request.build());
            if (response.isTruncated() == null) {
                throw new StoreUnavailableException(
                        "list " + prefix + " in " + location.describe()
                                + ": the response has no IsTruncated, so it is not from the store",
                        null);
            }
            String last = add(
                    response,
                    prefix,
                    page.isEmpty() ? afterKey : page.get(page.size() - 1).key(),
                    page);
            if (!page.isEmpty() || !response.isTruncated()) {
                return page;
            }
            // A page that is empty, or has no valid keys, is not the end. But the pages have to advance.
            empty = last.isEmpty() ? empty + 1 : 0;
            if (empty > MAX_EMPTY_PAGES || (!last.isEmpty() && !isAfter(last, reachedKey))) {
                throw new StoreUnavailableException(
                        "list " + prefix + " in " + location.describe() + ": the store reports more objects after "
                                + (reachedKey.isEmpty() ? "the first page" : reachedKey)
                                + ", and its pages do not advance",
                        null);
            }
            reachedKey = last.isEmpty() ? reachedKey : last;
            String token = response.nextContinuationToken();
            if (token == null && last.isEmpty()) {
                throw new StoreException(
                        "list " + prefix + " in " + location.describe()
                                + ": the response is truncated and has no continuation token",
                        null);
            }
            request = token == null ? request.startAfter(last) : request.continuationToken(token);
        }
    }

    /** Compares bytes, the order of a listing. Foreign keys can have characters that sort differently. */
    private static boolean isAfter(String key, String before) {
        return Arrays.compareUnsigned(key.getBytes(StandardCharsets.UTF_8), before.getBytes(StandardCharsets.UTF_8))
                > 0;
    }

    /** Adds the valid keys. Returns the last key of the response, valid or not; empty if it has none. */
    private String add(ListObjectsV2Response response, String prefix, String after, List<StoredObject> page)
            throws StoreException {
        String last = "";
        for (S3Object object : response.contents()) {
            last = object.key();
            String key = last.startsWith(location.prefix())
                    ? last.substring(location.prefix().length())
                    : "";
            if (!ObjectKeys.isKey(key)) {
                continue;
            }
            String before = page.isEmpty() ? after : page.get(page.size() - 1).key();
            if (!key.startsWith(prefix) || key.compareTo(before) <= 0 || object.size() == null) {
                // If pages were out of order, the objects between them would be skipped.
                throw new StoreException(
                        "list " + prefix + " in " + location.describe() + ": got " + key + " after " + before
                                + "; expected keys in the order of their bytes, with sizes",
                        null);
            }
            page.add(new StoredObject(key, object.size()));
        }
        return last;
    }
}
