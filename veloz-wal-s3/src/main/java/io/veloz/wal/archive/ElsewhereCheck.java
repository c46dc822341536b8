package io.veloz.wal.archive;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether an archive is outside of the directory of its log: inside of it, it would be lost together with the log. */
final class ElsewhereCheck {
    private static final String FILE = "file://";

    private ElsewhereCheck() {}

    static void check(Storage log, ObjectStore archive) {
        if (!(log instanceof DiskStorage disk) || !archive.describe().startsWith(FILE)) {
            return;
        }
        Path root = existing(Path.of(archive.describe().substring(FILE.length())));
        if (root.startsWith(existing(disk.directory()))) {
            throw new IllegalArgumentException("the archive " + archive.describe() + " is inside the log's directory "
                    + log.describe() + " and would be lost with it; choose a directory on another disk");
        }
    }

    /** Resolves all links of the existing part of a path. */
    private static Path existing(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        Path known = absolute;
        while (known != null && !Files.exists(known)) {
            known = known.getParent();
        }
        if (known == null) {
            return absolute;
        }
        try {
            return known.toRealPath().resolve(known.relativize(absolute));
        } catch (IOException e) {
            // The path disappeared or cannot be read. The shipper will report the error.
            return absolute;
        }
    }
}
