package io.veloz.wal.archive;

import io.veloz.wal.RestoreOptions;
import io.veloz.wal.RestoreReport;
import io.veloz.wal.WalRecovery;
import java.nio.file.Path;

/** A process that restores an archive, into a directory or where the environment says, and tells how many records that were. */
final class RestoreChild {
    private RestoreChild() {}

    public static void main(String[] args) {
        RestoreReport report = args.length == 1
                ? WalRecovery.restoreFrom(args[0])
                : WalRecovery.restoreFrom(args[0], RestoreOptions.into(Path.of(args[1])));
        System.out.println(report.bytes() + " bytes, heap of "
                + Runtime.getRuntime().maxMemory() / (1024 * 1024) + " MiB: " + report.took());
        System.out.println("restored " + report.records());
    }
}
