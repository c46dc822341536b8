package io.veloz.wal.ops;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** One of the engine's own logs, with the states that it and its writers had; the core's test resources. */
record LegacyCase(Path directory) {
    private static final Path ALL = Path.of(
            System.getProperty("basedir", "."), "..", "..", "veloz-wal-core", "src", "test", "resources", "legacy");
    private static final List<String> ZIPPED = List.of("b-typical", "c-kill9-fsync", "c2-kill9-torn");

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

    /** The lines of the orders as the engine's tools wrote them, to the letter. */
    List<String> orderLines(String file) {
        try {
            return orderLinesOf(Files.readString(directory.resolve(file)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<String> orderLinesOf(String json) {
        return json.lines()
                .filter(line -> line.startsWith("{\"client_order_id\""))
                .map(line -> line.endsWith(",") ? line.substring(0, line.length() - 1) : line)
                .toList();
    }
}
