package io.veloz.wal.archive.internal.ship;

import java.io.IOException;

/** The {@link DirectoryFile} is damaged. A later attempt would find the same bytes; the message has the operator's next step. */
final class DamagedDirectoryFileException extends IOException {
    private static final long serialVersionUID = 1;

    DamagedDirectoryFileException(IOException cause) {
        super(
                cause.getMessage() + ". The file proves the right of this directory to ship. If no other directory ships to"
                        + " the archive, move the file out of the directory, and take over the last epoch of the archive",
                cause);
    }
}
