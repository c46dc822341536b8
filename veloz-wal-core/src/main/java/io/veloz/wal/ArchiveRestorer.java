package io.veloz.wal;

/**
 * Brings logs back from archives; veloz-wal-s3 has the one there is. Found by {@link java.util.ServiceLoader}; any thread may
 * call any method. Use {@link WalRecovery}.
 */
public interface ArchiveRestorer {
    /** See {@link WalRecovery#planRestore}. */
    RestorePlan plan(String uri, RestoreOptions options);

    /** See {@link WalRecovery#restoreFrom(String, RestoreOptions)}. */
    RestoreReport restore(String uri, RestoreOptions options);
}
