package io.veloz.wal.spi;

import io.veloz.wal.WalRecovery;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestorePlan;
import io.veloz.wal.restore.RestoreReport;

/**
 * Restores logs from archives. {@link WalRecovery} finds an implementation with {@link java.util.ServiceLoader}; the
 * module veloz-wal-s3 provides one. It must be thread-safe. Applications call {@link WalRecovery} instead.
 */
public interface ArchiveRestorer {
    /** Plans a restore: see {@link WalRecovery#planRestore}. */
    RestorePlan plan(String uri, RestoreOptions options);

    /** Restores a log: see {@link WalRecovery#restoreFrom(String, RestoreOptions)}. */
    RestoreReport restore(String uri, RestoreOptions options);
}
