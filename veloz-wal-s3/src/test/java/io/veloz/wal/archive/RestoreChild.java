package io.veloz.wal.archive;

import io.veloz.wal.WalRecovery;
import io.veloz.wal.restore.RestoreReport;

/** A process that restores an archive where its environment says, and tells how many records that were. */
final class RestoreChild {
    private RestoreChild() {}

    public static void main(String[] args) {
        RestoreReport report = WalRecovery.restoreFrom(args[0]);
        System.out.println(report.bytes() + " bytes, heap of "
                + Runtime.getRuntime().maxMemory() / (1024 * 1024) + " MiB: " + report.took());
        System.out.println("restored " + report.records());
    }
}
