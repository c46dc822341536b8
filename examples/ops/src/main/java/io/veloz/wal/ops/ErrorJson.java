package io.veloz.wal.ops;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveCareException;
import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.backup.BackupRefusedException;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RetentionRefusedException;

/** Prints the error of a command as one JSON object on a separate line. Stateless. */
final class ErrorJson {
    private ErrorJson() {}

    static void write(Exception problem, String message, Output out) {
        int exitCode = ExitCode.of(problem);
        Json to = new Json(out).object().field("outcome", exitCode == ExitCode.REFUSED ? "REFUSED" : "FAILED");
        to.field("exit_code", exitCode);
        to.field("error", problem.getClass().getSimpleName()).field("message", message);
        if (problem instanceof WalRestoreException refusal) {
            to.field("reason", refusal.reason().name())
                    .field("key", refusal.key().orElse(null));
            to.field("first_sequence", refusal.firstSequence()).field("last_sequence", refusal.lastSequence());
        }
        if (problem instanceof BackupRefusedException refusal) {
            to.field("reason", refusal.reason().name());
        }
        if (problem instanceof RecoveryException failure) {
            to.field("reason", failure.reason().name());
        }
        if (problem instanceof RetentionRefusedException refusal) {
            to.field("reason", refusal.reason().name());
        }
        if (problem instanceof ArchiveCareException refusal) {
            to.field("reason", refusal.reason().name());
        }
        if (problem instanceof ArchiveFollowException refusal) {
            to.field("reason", refusal.reason().name());
        }
        to.endObject();
        out.character('\n');
    }
}
