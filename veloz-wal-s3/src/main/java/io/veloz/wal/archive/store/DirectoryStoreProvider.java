package io.veloz.wal.archive.store;

import java.net.URI;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Opens {@link DirectoryStore}s: {@code file:///path} and {@code file:relative/path}. Thread-safe. */
public final class DirectoryStoreProvider implements ObjectStoreProvider {
    /** For {@link java.util.ServiceLoader}. */
    public DirectoryStoreProvider() {}

    @Override
    public String scheme() {
        return "file";
    }

    @Override
    public ObjectStore open(URI uri, Map<String, String> settings) {
        if (!settings.isEmpty()) {
            throw new IllegalArgumentException("settings " + settings.keySet() + ": a directory store has no settings");
        }
        String path = uri.isOpaque() ? uri.getSchemeSpecificPart() : uri.getPath();
        boolean isLocal = isEmpty(uri.getAuthority()) && uri.getQuery() == null && uri.getFragment() == null;
        if (isEmpty(path) || !isLocal || (uri.isOpaque() && path.indexOf('?') >= 0)) {
            throw new IllegalArgumentException(
                    "archive \"" + uri + "\": expected file:///path or file:relative/path, and nothing else");
        }
        try {
            return new DirectoryStore(Path.of(path));
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("archive \"" + uri + "\": invalid path: " + e.getReason(), e);
        }
    }

    private static boolean isEmpty(@Nullable String text) {
        return text == null || text.isEmpty();
    }
}
