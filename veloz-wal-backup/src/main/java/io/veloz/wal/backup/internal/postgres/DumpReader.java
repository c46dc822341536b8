package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.postgres.PostgresException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Feeds a dump to {@code pg_restore}, which restores all of it in one transaction, or nothing.
 *
 * @param role that creates the objects; empty for the role of the session
 */
record DumpReader(PostgresClient client, String database, Optional<String> role) {
    private static final Duration LIMIT = Duration.ofHours(12);
    private static final int BUFFER_BYTES = 1 << 16;

    void restore(InputStream dump, int restoreVersion) throws IOException {
        byte[] head = dump.readNBytes(DumpHeader.BYTES);
        String format = DumpHeader.format(head)
                .orElseThrow(() -> new RecoveryException(
                        Reason.DAMAGED, "the dump does not begin with PGDMP: it is not a dump in the custom format"));
        if (!DumpHeader.readable(format, restoreVersion)) {
            throw new RecoveryException(
                    Reason.VERSION,
                    "the dump has format " + format + ", which pg_restore " + PostgresClient.readable(restoreVersion)
                            + " does not read: install a newer Debian package postgresql-client");
        }
        List<String> arguments = new ArrayList<>(List.of("--exit-on-error", "--single-transaction", "--no-password"));
        role.ifPresent(name -> arguments.add("--role=" + name));
        try (ChildProcess child = client.connect(LIMIT, "pg_restore", database, arguments)) {
            boolean wholly = feed(dump, head, child.in());
            int code = child.waitFor();
            if (code != 0) {
                throw failure(child, code);
            }
            if (!wholly) {
                // pg_restore has all that it needs; the rest is read, so that the caller's checks take place.
                dump.transferTo(OutputStream.nullOutputStream());
            }
        }
    }

    /** Returns whether the program read everything. An exception is one of the dump, and the caller ends the program. */
    private static boolean feed(InputStream dump, byte[] head, OutputStream in) throws IOException {
        byte[] buffer = new byte[BUFFER_BYTES];
        boolean open = write(in, head, head.length);
        for (int count = dump.read(buffer); open && count >= 0; count = dump.read(buffer)) {
            open = write(in, buffer, count);
        }
        // Closed only after the dump was read to its end: an earlier end of input could look like the end of the dump.
        try {
            in.close();
        } catch (IOException e) {
            open = false;
        }
        return open;
    }

    private static boolean write(OutputStream in, byte[] bytes, int count) {
        try {
            in.write(bytes, 0, count);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static IOException failure(ChildProcess child, int code) {
        String message = child.failure(code) + "; nothing was restored";
        if (message.contains("unsupported version")) {
            throw new RecoveryException(Reason.VERSION, message);
        }
        if (message.contains("could not read from input file")
                || message.contains("input file")
                || message.contains("could not uncompress")
                || message.contains("corrupt")
                || message.contains("unexpected end of file")
                || message.contains("unexpected data offset")) {
            throw new RecoveryException(Reason.DAMAGED, message);
        }
        if (message.contains("role \"") && message.contains("does not exist")) {
            throw new RecoveryException(Reason.ROLE_MISSING, message);
        }
        if (message.contains("permission denied") || message.contains("must be ")) {
            return new PostgresException(Kind.RIGHTS, message);
        }
        boolean away = message.contains("server closed the connection")
                || message.contains("terminating connection")
                || message.contains("connection to server")
                || message.contains("lock timeout");
        return new PostgresException(away ? Kind.AWAY : Kind.SETTING, message);
    }
}
