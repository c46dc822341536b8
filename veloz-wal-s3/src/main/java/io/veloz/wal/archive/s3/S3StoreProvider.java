package io.veloz.wal.archive.s3;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStoreProvider;
import java.net.URI;
import java.util.Map;

/** Opens {@link S3Store}s: {@code s3://bucket/prefix}. Thread-safe. */
public final class S3StoreProvider implements ObjectStoreProvider {
    /** For {@link java.util.ServiceLoader}. */
    public S3StoreProvider() {}

    @Override
    public String scheme() {
        return "s3";
    }

    @Override
    public ObjectStore open(URI uri, Map<String, String> settings) {
        return new S3Store(uri, S3Settings.of(settings));
    }
}
