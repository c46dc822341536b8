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

/** What is read from S3. Any thread may use it. */
final class S3Reads {
    private static final int STATUS_RANGE_NOT_SATISFIABLE = 416;
    /** In a row, of pages that are said not to be the last. */
    private static final int MOST_EMPTY_PAGES = 100;

    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");

    private final S3Client client;
    private final S3Place place;
    private final S3Errors errors;

    /** An answer's part of an object: from its first byte, of so many in all. */
    private record Part(long from, long total) {}

    S3Reads(S3Client client, S3Place place, S3Errors errors) {
        this.client = client;
        this.place = place;
        this.errors = errors;
    }

    /** Reads one byte: the answer to a HEAD could not say why it refuses, nor which is missing, the bucket or the key. */
    Optional<StoredObject> head(String key) throws StoreException {
        try (ResponseInputStream<GetObjectResponse> body = ask(key, "bytes=0-0")) {
            GetObjectResponse answer = body.response();
            Part part = part(key, answer);
            body.abort();
            return Optional.of(new StoredObject(key, part == null ? length(key, answer) : part.total()));
        } catch (S3Exception e) {
            if (isBehindTheEnd(e)) {
                return Optional.of(new StoredObject(key, 0));
            }
            if (errors.told("look at " + key, e) instanceof NoSuchObjectException) {
                return Optional.empty();
            }
            throw e;
        } catch (IOException e) {
            if (e instanceof StoreException told) {
                throw told;
            }
            throw new StoreUnavailableException("cannot look at " + key + " in " + place.describe() + ": " + e, e);
        }
    }

    InputStream get(String key) throws StoreException {
        ResponseInputStream<GetObjectResponse> body = ask(key, null);
        return stream(key, body, 0, Long.MAX_VALUE);
    }

    InputStream get(String key, long from, long length) throws StoreException {
        long last = from + Math.min(length, Long.MAX_VALUE - from) - 1;
        ResponseInputStream<GetObjectResponse> body;
        try {
            body = ask(key, "bytes=" + from + "-" + last);
        } catch (S3Exception e) {
            if (isBehindTheEnd(e)) {
                return InputStream.nullInputStream();
            }
            throw e;
        }
        return stream(key, body, from, length);
    }

    private ResponseInputStream<GetObjectResponse> ask(String key, @Nullable String range) {
        return client.getObject(GetObjectRequest.builder()
                .bucket(place.bucket())
                .key(place.prefix() + key)
                .range(range)
                .build());
    }

    private static boolean isBehindTheEnd(S3Exception e) {
        String code = S3Errors.code(e);
        return code.equals("InvalidRange") || (code.isEmpty() && e.statusCode() == STATUS_RANGE_NOT_SATISFIABLE);
    }

    private InputStream stream(String key, ResponseInputStream<GetObjectResponse> body, long from, long length)
            throws StoreException {
        try {
            long announced = length(key, body.response());
            Part part = part(key, body.response());
            long total = part == null ? announced : part.total();
            long expected = Math.min(length, Math.max(0, total - from));
            if ((part == null ? 0 : part.from()) != from || announced != expected) {
                throw new StoreException(
                        "get " + key + " in " + place.describe() + ": asked for bytes from " + from + ", and got "
                                + announced + " bytes of " + part + "; the store does not know ranges",
                        null);
            }
            return new S3ObjectStream(body, key + " in " + place.describe(), announced);
        } catch (StoreException e) {
            body.abort();
            throw e;
        }
    }

    private long length(String key, GetObjectResponse answer) throws StoreUnavailableException {
        Long length = answer.contentLength();
        if (length == null || answer.eTag() == null) {
            throw new StoreUnavailableException(
                    "get " + key + " in " + place.describe() + ": the answer has no "
                            + (length == null ? "length" : "ETag") + ", so something else than the store gave it",
                    null);
        }
        return length;
    }

    /** Null if the answer is the whole object. */
    private @Nullable Part part(String key, GetObjectResponse answer) throws StoreUnavailableException {
        String range = answer.contentRange();
        if (range == null) {
            return null;
        }
        Matcher matcher = CONTENT_RANGE.matcher(range);
        if (!matcher.matches()) {
            throw new StoreUnavailableException(
                    "get " + key + " in " + place.describe() + ": the answer has an odd Content-Range", null);
        }
        return new Part(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(3)));
    }

    List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        ListObjectsV2Request.Builder request = ListObjectsV2Request.builder()
                .bucket(place.bucket())
                .prefix(place.prefix() + prefix)
                .maxKeys(1_000);
        if (!afterKey.isEmpty()) {
            request.startAfter(place.prefix() + afterKey);
        }
        List<StoredObject> page = new ArrayList<>();
        String reachedKey = "";
        int empty = 0;
        while (true) {
            ListObjectsV2Response answer = client.listObjectsV2(request.build());
            if (answer.isTruncated() == null) {
                throw new StoreUnavailableException(
                        "list " + prefix + " in " + place.describe()
                                + ": the answer does not say whether it is complete, so something else than the store"
                                + " gave it",
                        null);
            }
            String last = add(
                    answer,
                    prefix,
                    page.isEmpty() ? afterKey : page.get(page.size() - 1).key(),
                    page);
            if (!page.isEmpty() || !answer.isTruncated()) {
                return page;
            }
            // A page that holds nothing of ours, or nothing at all, is not the end; but a list has to get on.
            empty = last.isEmpty() ? empty + 1 : 0;
            if (empty > MOST_EMPTY_PAGES || (!last.isEmpty() && !isAfter(last, reachedKey))) {
                throw new StoreUnavailableException(
                        "list " + prefix + " in " + place.describe() + ": the store says that there is more after "
                                + (reachedKey.isEmpty() ? "its first page" : reachedKey)
                                + ", and its pages do not advance",
                        null);
            }
            reachedKey = last.isEmpty() ? reachedKey : last;
            String token = answer.nextContinuationToken();
            if (token == null && last.isEmpty()) {
                throw new StoreException(
                        "list " + prefix + " in " + place.describe() + ": there is more, but not said where", null);
            }
            request = token == null ? request.startAfter(last) : request.continuationToken(token);
        }
    }

    /** In the order of a list: by the bytes, which is not that of the characters for every key of others. */
    private static boolean isAfter(String key, String before) {
        return Arrays.compareUnsigned(key.getBytes(StandardCharsets.UTF_8), before.getBytes(StandardCharsets.UTF_8))
                > 0;
    }

    /** Returns the last key of the answer, whose it may be; empty if there is none. */
    private String add(ListObjectsV2Response answer, String prefix, String after, List<StoredObject> page)
            throws StoreException {
        String last = "";
        for (S3Object object : answer.contents()) {
            last = object.key();
            String key = last.startsWith(place.prefix())
                    ? last.substring(place.prefix().length())
                    : "";
            if (!ObjectKeys.isKey(key)) {
                continue;
            }
            String before = page.isEmpty() ? after : page.get(page.size() - 1).key();
            if (!key.startsWith(prefix) || key.compareTo(before) <= 0 || object.size() == null) {
                // Pages that are not in order would leave out objects between them.
                throw new StoreException(
                        "list " + prefix + " in " + place.describe() + ": got " + key + " behind " + before
                                + "; expected keys in the order of their bytes, with sizes",
                        null);
            }
            page.add(new StoredObject(key, object.size()));
        }
        return last;
    }
}
