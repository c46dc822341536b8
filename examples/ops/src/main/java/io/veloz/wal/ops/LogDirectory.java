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

/** Checks the directories on the command line. Stateless. Never opens the lock file: see DiskLock. */
final class LogDirectory {
    private static final String MAGIC = "VELOZWAL";
    private static final String LEGACY_MAGIC = "ELAW";

    private LogDirectory() {}

    /** Throws a {@link CommandFailure} if the directory does not contain a log of this library. */
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
            throw new CommandFailure(
                    ExitCode.REFUSED,
                    directory + " contains an old log of the engine (" + legacy.getFileName()
                            + "); read it with legacy-orders, or import it");
        }
        // A log without any record has only its lock and the prepared segment, whose name begins with a dot.
        Pattern trace = Pattern.compile(
                Pattern.quote(prefix) + "\\.lock|\\." + Pattern.quote(prefix) + "_(trimmed|prepared\\.wal)");
        if (!hasSegment && files.stream().noneMatch(file -> matches(trace, file))) {
            throw new CommandFailure(
                    ExitCode.REFUSED,
                    directory + " does not contain a log: expected files named " + prefix + "_0000000000000001.wal or "
                            + prefix + "_current.wal");
        }
    }

    /** Throws a {@link CommandFailure} if the directory contains a log of this library instead of one of the engine. */
    static void requireLegacyLog(Path directory) {
        requireDirectory(directory);
        for (Path file : files(directory)) {
            if (file.getFileName().toString().endsWith(".wal") && startsWith(file, MAGIC)) {
                throw new CommandFailure(
                        ExitCode.REFUSED,
                        file + " starts with " + MAGIC + ", expected entries of the engine's old log: this is a log of"
                                + " veloz-wal itself");
            }
        }
    }

    static void requireDirectory(Path directory) {
        if (Files.isDirectory(directory)) {
            return;
        }
        if (Files.exists(directory)) {
            throw new CommandFailure(ExitCode.REFUSED, directory + " is a file; expected the directory of a log");
        }
        Path partial = Path.of(directory + ".partial");
        throw new CommandFailure(
                ExitCode.REFUSED,
                directory + ": no such directory"
                        + (Files.isDirectory(partial)
                                ? "; " + partial + " is left over from an interrupted import, salvage or restore"
                                : ""));
    }

    /** Throws a {@link CommandFailure} if a target directory contains files: no command adds to an existing log. */
    static void requireNew(Path directory) {
        if (Files.exists(directory) && !Files.isDirectory(directory)) {
            throw new CommandFailure(ExitCode.REFUSED, directory + " is a file; expected a new or an empty directory");
        }
        if (Files.isDirectory(directory)) {
            try (Stream<Path> files = Files.list(directory)) {
                if (files.findAny().isPresent()) {
                    throw new CommandFailure(
                            ExitCode.REFUSED, directory + " is not empty; expected a new or an empty directory");
                }
            } catch (IOException e) {
                throw new CommandFailure("cannot list " + directory + ": " + e);
            }
        }
    }

    /** Whether a process has the log open for writing. */
    static boolean hasWriter(Path directory, String prefix) {
        try {
            return DiskStorage.open(directory).isLocked(prefix + ".lock");
        } catch (IOException e) {
            throw new CommandFailure("cannot check the lock in " + directory + ": " + e);
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
        return startsWith(file, LEGACY_MAGIC);
    }

    private static boolean startsWith(Path file, String magic) {
        try (InputStream bytes = Files.newInputStream(file)) {
            return new String(bytes.readNBytes(magic.length()), StandardCharsets.US_ASCII).equals(magic);
        } catch (IOException e) {
            throw new CommandFailure("cannot read " + file + ": " + e);
        }
    }
}
