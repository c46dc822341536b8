package io.veloz.wal.archive;

import io.veloz.wal.RestoreOptions;
import io.veloz.wal.RestoreReport;
import io.veloz.wal.WalRecovery;
import java.nio.file.Path;

/** A process that restores an archive, and says how many records that were. */
final class RestoreChild {
    private RestoreChild() {}

    public static void main(String[] args) {
        RestoreReport report = WalRecovery.restoreFrom(args[0], RestoreOptions.into(Path.of(args[1])));
        System.out.println(report.took() + ", " + report.bytes() + " bytes");
        System.out.println("restored " + report.records());
    }
}
