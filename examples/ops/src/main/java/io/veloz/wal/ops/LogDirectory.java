package io.veloz.wal.ops;

import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What kind of directory the operator has named. Stateless. Never touches the lock file: see DiskLock. */
final class LogDirectory {
    private static final String LEGACY_MAGIC = "ELAW";

    private LogDirectory() {}

    /** Throws a {@link CommandFailure} that says what is wrong if there is no log of this library. */
    static void requireLog(Path directory, String prefix) {
        requireDirectory(directory);
        List<Path> files = files(directory);
        Pattern segment = Pattern.compile(Pattern.quote(prefix) + "_(\\d{16}|current)\\.wal");
        boolean hasSegment = files.stream().anyMatch(file -> matches(segment, file));
        Path legacy = files.stream()
                .filter(file -> file.getFileName().toString().endsWith(".wal") && isLegacy(file))
                .findFirst()
                .orElse(null);
        if (legacy != null) {
            throw new CommandFailure(directory + " holds an old log of the engine (" + legacy.getFileName()
                    + "); read it with legacy-orders, or import it");
        }
        // A log that was never written to has its lock only; the prepared segment begins with a dot.
        Pattern trace = Pattern.compile(
                Pattern.quote(prefix) + "\\.lock|\\." + Pattern.quote(prefix) + "_(trimmed|prepared\\.wal)");
        if (!hasSegment && files.stream().noneMatch(file -> matches(trace, file))) {
            throw new CommandFailure(directory + " holds no log: expected files named " + prefix
                    + "_0000000000000001.wal or " + prefix + "_current.wal");
        }
    }

    static void requireDirectory(Path directory) {
        if (Files.isDirectory(directory)) {
            return;
        }
        if (Files.exists(directory)) {
            throw new CommandFailure(directory + " is a file; expected the directory of a log");
        }
        Path partial = Path.of(directory + ".partial");
        throw new CommandFailure(directory + ": no such directory"
                + (Files.isDirectory(partial) ? "; " + partial + " is left from an import or salvage cut short" : ""));
    }

    /** Whether somebody has the log open for writing. */
    static boolean hasWriter(Path directory, String prefix) {
        try {
            return DiskStorage.open(directory).isLocked(prefix + ".lock");
        } catch (IOException e) {
            throw new CommandFailure("cannot look at the lock in " + directory + ": " + e);
        }
    }

    static long checkpointFiles(Path directory, String prefix) {
        Pattern slot = Pattern.compile("\\." + Pattern.quote(prefix) + "_checkpoint_[ab]");
        return files(directory).stream().filter(file -> matches(slot, file)).count();
    }

    private static List<Path> files(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new CommandFailure("cannot list " + directory + ": " + e);
        }
    }

    private static boolean matches(Pattern pattern, Path file) {
        return pattern.matcher(file.getFileName().toString()).matches();
    }

    private static boolean isLegacy(Path file) {
        try (InputStream bytes = Files.newInputStream(file)) {
            return new String(bytes.readNBytes(4), StandardCharsets.US_ASCII).equals(LEGACY_MAGIC);
        } catch (IOException e) {
            throw new CommandFailure("cannot read " + file + ": " + e);
        }
    }
}
