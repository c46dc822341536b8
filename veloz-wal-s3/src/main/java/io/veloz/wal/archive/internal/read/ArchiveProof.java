package io.veloz.wal.archive.internal.read;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.proof.BrokenProofException;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.time.Duration;

/** Proves an archive as a restore does, while a shipper may be dropping tails. One call at a time. */
final class ArchiveProof {
    private static final int PARALLELISM = 8;

    /** Limit of the proofs: a shipper may drop tails faster than they are read. */
    private static final int MAX_PROOFS = 5;

    private final ShipLog log;
    private final Retries retries;
    private volatile String prefix = "";

    ArchiveProof(ShipLog log, Retries retries) {
        this.log = log;
        this.retries = retries;
    }

    /** Returns the prefix of the file names, once the archive was proven. */
    String prefix() {
        return prefix;
    }

    /** Returns the content of the archive. An interrupt of the caller stays pending. */
    ArchiveContent prove(Storage storage) throws IOException {
        try {
            return UninterruptibleThread.call("veloz-wal-read", () -> {
                long started = System.nanoTime();
                LogIdentity identity = retries.call(log::identity)
                        .orElseThrow(() -> new WalRestoreException(
                                Reason.NOT_AN_ARCHIVE,
                                log.store().describe() + " is not an archive (it has no log.json); correct the URI",
                                null));
                prefix = identity.prefix();
                Proof proof = prove(identity);
                Duration took = Duration.ofNanos(System.nanoTime() - started);
                return new ArchiveContent(log.store().describe(), proof, LogFiles.of(storage, identity.prefix()), took);
            });
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("proving " + log.store().describe() + ": " + e, e);
        }
    }

    private Proof prove(LogIdentity identity) throws IOException {
        String disappeared = "";
        for (int attempt = 1; ; attempt++) {
            try {
                return new Prover(log, identity, retries, PARALLELISM, slots -> {}).prove(Long.MAX_VALUE);
            } catch (BrokenProofException e) {
                // A slot that is missing in two proofs was not dropped by a shipper.
                if (e.isUnknownFormat() || e.key().equals(disappeared) || attempt == MAX_PROOFS || exists(e.key())) {
                    throw e;
                }
                disappeared = e.key();
            }
        }
    }

    private boolean exists(String key) throws IOException {
        return retries.call(() -> log.store().head(key)).isPresent();
    }
}
