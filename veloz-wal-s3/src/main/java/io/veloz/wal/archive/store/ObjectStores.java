package io.veloz.wal.archive.store;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Finds the store for a URI. Any thread may call any method. */
public final class ObjectStores {
    private ObjectStores() {}

    private static final String FILE = "file:";

    /** Opens the store that a URI names, with its settings as they are by default. */
    public static ObjectStore open(String uri) {
        return open(uri, Map.of());
    }

    /**
     * Opens the store that a URI names.
     *
     * @throws IllegalArgumentException if it is no URI, nobody knows its scheme, or a setting makes no sense
     */
    public static ObjectStore open(String uri, Map<String, String> settings) {
        URI parsed;
        try {
            parsed = uri.regionMatches(true, 0, FILE, 0, FILE.length()) ? fileUri(uri) : new URI(uri);
        } catch (URISyntaxException e) {
            // Neither shown nor kept as the cause: what makes it no URI may be a password.
            throw new IllegalArgumentException(
                    "archive: expected a URI as s3://bucket/prefix; character " + e.getIndex() + " cannot be there");
        }
        if (parsed.getUserInfo() != null) {
            throw new IllegalArgumentException(
                    "an archive's URI holds no user and no password; expected s3://bucket/prefix, and credentials from"
                            + " the environment");
        }
        String scheme = parsed.getScheme() == null ? "" : parsed.getScheme().toLowerCase(Locale.ROOT);
        TreeSet<String> known = new TreeSet<>();
        // The context class loader has the application's own stores. A thread of the common pool has one that may not
        // see
        // this library, so the library's own loader comes next.
        ServiceConfigurationError unusable = null;
        for (ClassLoader loader : new @Nullable ClassLoader[] {
            Thread.currentThread().getContextClassLoader(), ObjectStores.class.getClassLoader()
        }) {
            try {
                for (ObjectStoreProvider provider : ServiceLoader.load(ObjectStoreProvider.class, loader)) {
                    if (provider.scheme().equals(scheme)) {
                        return provider.open(parsed, settings);
                    }
                    known.add(provider.scheme() + ":");
                }
            } catch (ServiceConfigurationError e) {
                // Another copy of the library, most likely. It counts if nothing else is found.
                unusable = e;
            }
        }
        throw new IllegalArgumentException(
                "archive \"" + uri + "\": expected a URI that starts with one of " + known, unusable);
    }

    /** People type the path of a directory as it is, with spaces and letters of any script. */
    private static URI fileUri(String uri) throws URISyntaxException {
        try {
            return new URI(uri);
        } catch (URISyntaxException e) {
            String path = uri.substring(FILE.length());
            if (path.startsWith("//") && !path.startsWith("///")) {
                throw e;
            }
            return new URI("file", path.startsWith("///") ? path.substring(2) : path, null);
        }
    }
}
