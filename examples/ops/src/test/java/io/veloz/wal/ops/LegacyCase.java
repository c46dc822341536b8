package io.veloz.wal.ops;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.veloz.wal.orders.OrderText;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** An old log of the engine with the states of the engine and of its writers, from the test resources of the orders. */
record LegacyCase(Path directory) {
    private static final Path ALL = Path.of(
            System.getProperty("basedir", "."), "..", "..", "veloz-wal-orders", "src", "test", "resources", "legacy");
    private static final List<String> ZIPPED = List.of("b-typical", "c-kill9-fsync", "c2-kill9-torn");

    private static final Pattern ESCAPED_BYTES = Pattern.compile("(\\\\u00[89a-f][0-9a-f])+");

    static Stream<String> names() throws IOException {
        try (Stream<Path> entries = Files.list(ALL)) {
            List<String> plain = entries.filter(Files::isDirectory)
                    .map(entry -> entry.getFileName().toString())
                    .toList();
            return Stream.concat(plain.stream(), ZIPPED.stream()).sorted();
        }
    }

    static LegacyCase of(String name, Path scratch) {
        if (!ZIPPED.contains(name)) {
            return new LegacyCase(ALL.resolve(name));
        }
        try (InputStream file = Files.newInputStream(ALL.resolve("large.zip"));
                ZipInputStream zip = new ZipInputStream(file)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                if (entry.getName().startsWith(name + "/")) {
                    Path target = scratch.resolve(entry.getName());
                    Files.createDirectories(target.getParent());
                    Files.write(target, zip.readAllBytes());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new LegacyCase(scratch.resolve(name));
    }

    Path wal() {
        return directory.resolve("wal");
    }

    boolean has(String file) {
        return Files.exists(directory.resolve(file));
    }

    JsonNode json(String file) {
        try {
            return new ObjectMapper().readTree(directory.resolve(file).toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the lines of the orders as the engine's tools wrote them, but with texts unescaped from bytes. */
    List<String> orderLines(String file) {
        try {
            return orderLinesOf(ESCAPED_BYTES
                    .matcher(Files.readString(directory.resolve(file)))
                    .replaceAll(bytes -> Matcher.quoteReplacement(text(bytes.group()))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String text(String escapedBytes) {
        byte[] bytes = HexFormat.of().parseHex(escapedBytes.replace("\\u00", ""));
        return OrderText.decode(bytes, 0, bytes.length)
                .chars()
                .mapToObj(c -> Character.isSurrogate((char) c)
                        ? String.format(Locale.ROOT, "\\u%04x", c)
                        : Character.toString(c))
                .collect(Collectors.joining());
    }

    static List<String> orderLinesOf(String json) {
        return json.lines()
                .filter(line -> line.startsWith("{\"client_order_id\""))
                .map(line -> line.endsWith(",") ? line.substring(0, line.length() - 1) : line)
                .toList();
    }
}
