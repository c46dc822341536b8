package io.veloz.wal.backup.internal.profile;

import java.io.IOException;
import java.io.Reader;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The keys and values of a profile. Every fault is an {@link IllegalArgumentException} that names the file, the key and the
 * value. It belongs to one thread.
 */
final class ProfileFile {
    private final Path file;
    private final Properties properties;

    ProfileFile(Path file, Set<String> keys) throws IOException {
        this.file = file.toAbsolutePath().normalize();
        this.properties = new StrictProperties(this.file);
        try (Reader reader = Files.newBufferedReader(this.file, StandardCharsets.UTF_8)) {
            properties.load(reader);
        }
        for (String key : properties.stringPropertyNames()) {
            if (!keys.contains(key)) {
                throw bad(
                        key,
                        "is not a key of a profile; expected one of "
                                + keys.stream().sorted().toList());
            }
        }
    }

    /** Refuses a key that is given twice: the second would win silently. */
    private static final class StrictProperties extends Properties {
        private static final long serialVersionUID = 1;

        private final transient Path file;

        StrictProperties(Path file) {
            this.file = file;
        }

        @Override
        public synchronized @Nullable Object put(Object key, Object value) {
            if (containsKey(key)) {
                throw new IllegalArgumentException(file + ": " + key + " is given twice");
            }
            return super.put(key, value);
        }
    }

    IllegalArgumentException bad(String key, String problem) {
        return new IllegalArgumentException(file + ": " + key + " " + problem);
    }

    IllegalArgumentException bad(String problem) {
        return new IllegalArgumentException(file + ": " + problem);
    }

    boolean has(String key) {
        return properties.containsKey(key);
    }

    /** Returns whether a section is used, and refuses its other keys without the one that it cannot do without. */
    boolean hasSection(String prefix, String main) {
        if (has(main)) {
            return true;
        }
        for (String key : properties.stringPropertyNames()) {
            if (key.startsWith(prefix)) {
                throw bad(key, "has no effect without " + main);
            }
        }
        return false;
    }

    String required(String key) {
        return text(key).orElseThrow(() -> bad(key, "is missing"));
    }

    Optional<String> text(String key) {
        if (!has(key)) {
            return Optional.empty();
        }
        String value = properties.getProperty(key).strip();
        if (value.isEmpty()) {
            throw bad(key, "is empty");
        }
        return Optional.of(value);
    }

    List<String> list(String key) {
        List<String> values = new ArrayList<>();
        if (has(key)) {
            for (String value : properties.getProperty(key).split(",", -1)) {
                if (value.isBlank()) {
                    throw bad(key, "has an empty element: \"" + properties.getProperty(key) + "\"");
                }
                values.add(value.strip());
            }
        }
        return List.copyOf(values);
    }

    /** Returns a command and its arguments, separated by blanks. It is run without a shell. */
    List<String> command(String key) {
        return text(key).map(value -> List.of(value.split("\\s+"))).orElse(List.of());
    }

    boolean flag(String key, boolean otherwise) {
        return switch (text(key).orElse(String.valueOf(otherwise))) {
            case "true" -> true;
            case "false" -> false;
            default -> throw bad(key, "is \"" + required(key) + "\"; expected true or false");
        };
    }

    int integer(String key, int otherwise, int min, int max) {
        String value = text(key).orElse(String.valueOf(otherwise));
        if (!value.matches("[0-9]{1,9}") || Integer.parseInt(value) < min || Integer.parseInt(value) > max) {
            throw bad(key, "is \"" + value + "\"; expected a whole number from " + min + " to " + max);
        }
        return Integer.parseInt(value);
    }

    /** Returns a duration like {@code 30d}, {@code 12h}, {@code 5m}, {@code 90s}. */
    Duration duration(String key, Duration otherwise) {
        if (!has(key)) {
            return otherwise;
        }
        String value = required(key).toUpperCase(Locale.ROOT);
        try {
            Duration duration = Duration.parse(value.endsWith("D") ? "P" + value : "PT" + value);
            if (!duration.isNegative() && !duration.isZero()) {
                return duration;
            }
        } catch (DateTimeParseException e) {
            // Reported below, in the terms of the profile.
        }
        throw bad(key, "is \"" + required(key) + "\"; expected a duration such as 30d, 12h, 5m or 90s");
    }

    Path path(String key) {
        return absolute(required(key));
    }

    Optional<Path> optionalPath(String key) {
        return text(key).map(this::absolute);
    }

    List<Path> paths(String key) {
        required(key);
        return list(key).stream().map(this::absolute).toList();
    }

    private Path absolute(String value) {
        return Objects.requireNonNull(file.getParent()).resolve(value).normalize();
    }

    List<Path> roots(String key) {
        List<Path> roots = paths(key);
        for (Path root : roots) {
            if (root.getNameCount() == 0) {
                throw bad(key, "is the root of the file system");
            }
            for (Path other : roots) {
                if (root != other && root.startsWith(other)) {
                    throw bad(key, "has " + root + ", which " + other + " contains already");
                }
            }
        }
        return roots;
    }

    /** Returns a whole fingerprint in upper-case hex digits: a short key id can be forged. */
    String fingerprint(String key, String value) {
        String hex = value.replace(" ", "").toUpperCase(Locale.ROOT);
        if (!hex.matches("[0-9A-F]{40}|[0-9A-F]{64}")) {
            throw bad(key, "has \"" + value + "\"; expected a whole fingerprint of 40 or 64 hex digits");
        }
        return hex;
    }

    /** Returns an address without credentials. Secrets cross the network by TLS only. */
    URI httpUri(String key) {
        String value = required(key);
        URI uri;
        try {
            uri = new URI(value);
        } catch (URISyntaxException e) {
            throw bad(key, "is not a URI");
        }
        if (uri.getRawUserInfo() != null) {
            throw bad(key, "contains a user or a password, which belong into a file");
        }
        boolean https = "https".equals(uri.getScheme());
        if (uri.getHost() == null || (!https && !"http".equals(uri.getScheme()))) {
            throw bad(key, "is \"" + value + "\"; expected https://HOST:PORT");
        }
        if (!https && !isLoopback(uri.getHost())) {
            throw bad(key, "is \"" + value + "\": http is accepted only for the loopback interface; use https");
        }
        return uri;
    }

    private static boolean isLoopback(String host) {
        try {
            return host.equals("localhost")
                    || (host.matches("\\[.*]|[0-9.]+")
                            && InetAddress.getByName(host).isLoopbackAddress());
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
