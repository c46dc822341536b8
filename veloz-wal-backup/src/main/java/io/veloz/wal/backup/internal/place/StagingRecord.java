package io.veloz.wal.backup.internal.place;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;

/**
 * The names that a recovery stages under, recorded before it makes the first of them, so that a later run knows what is left
 * of one that was cut. What has such a name and is not recorded here belongs to another host, another profile or a person, or
 * was set aside by a rollback: it is never deleted. The record of a recovery ends when the journal of its switch begins. It belongs to one
 * thread, which has {@link StateDirectory#lockRecovery}.
 */
public final class StagingRecord {
    private static final String NAME = "recovery.staging";

    private final Path file;

    public StagingRecord(StateDirectory state) {
        file = state.path().resolve(NAME);
    }

    /** Returns the recorded names; empty if there is no record. */
    public List<String> read() throws IOException {
        try {
            return Files.readString(file).lines().toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    /** Records names. Returns when they are durable. */
    public void write(List<String> names) throws IOException {
        for (String name : names) {
            if (name.indexOf('\n') >= 0 || name.indexOf('\r') >= 0) {
                throw new IOException("\"" + name + "\" contains a line feed, and cannot be recorded");
            }
        }
        Path making = file.resolveSibling(NAME + ".new");
        Files.deleteIfExists(making);
        Files.createFile(making, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(making, String.join("\n", names) + "\n");
        try (FileChannel channel = FileChannel.open(making, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(making, file, StandardCopyOption.ATOMIC_MOVE);
        StateDirectory.force(parent());
    }

    /** Removes the record. */
    public void delete() throws IOException {
        if (Files.deleteIfExists(file)) {
            StateDirectory.force(parent());
        }
    }

    private Path parent() {
        return Objects.requireNonNull(file.getParent(), "it is in a directory");
    }
}
