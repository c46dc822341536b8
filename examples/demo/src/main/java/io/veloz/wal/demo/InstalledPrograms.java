package io.veloz.wal.demo;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The programs of others that the last part of the demo uses if they are installed. Immutable.
 *
 * @param postgres directory with the server and the client of PostgreSQL
 */
record InstalledPrograms(Optional<Path> postgres, Optional<Path> gpg) {
    private static final List<String> POSTGRES =
            List.of("initdb", "postgres", "psql", "pg_dump", "pg_dumpall", "pg_restore");

    /** Returns the programs of this machine. */
    static InstalledPrograms find() throws IOException {
        // Debian installs each version into a directory that is not in the PATH.
        return find(System.getenv().getOrDefault("PATH", ""), Path.of("/usr/lib/postgresql"));
    }

    /**
     * Returns the programs in the directories of a path.
     *
     * @param versions directory with a directory for each major version of PostgreSQL; it need not exist
     */
    static InstalledPrograms find(String path, Path versions) throws IOException {
        List<Path> directories = new ArrayList<>();
        for (String directory : path.split(File.pathSeparator, -1)) {
            if (!directory.isEmpty()) {
                directories.add(Path.of(directory));
            }
        }
        List<Path> servers = newestFirst(versions);
        servers.addAll(directories);
        return new InstalledPrograms(
                servers.stream().filter(InstalledPrograms::hasPostgres).findFirst(),
                directories.stream()
                        .map(directory -> directory.resolve("gpg"))
                        .filter(Files::isExecutable)
                        .findFirst());
    }

    private static List<Path> newestFirst(Path versions) throws IOException {
        List<Path> found = new ArrayList<>();
        if (Files.isDirectory(versions)) {
            try (DirectoryStream<Path> numbers = Files.newDirectoryStream(versions, "[0-9][0-9]")) {
                numbers.forEach(number -> found.add(number.resolve("bin")));
            }
        }
        found.sort(Comparator.<Path>naturalOrder().reversed());
        return found;
    }

    private static boolean hasPostgres(Path directory) {
        return POSTGRES.stream().allMatch(program -> Files.isExecutable(directory.resolve(program)));
    }
}
