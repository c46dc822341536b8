package io.veloz.wal.archive.internal.read;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.format.CareState.Floor;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** Proves an archive as a restore does, while a shipper may be dropping tails. One call at a time. */
final class ArchiveProof {
    private static final int PARALLELISM = 8;

    /** Limit of the proofs: a shipper may drop tails faster than they are read. */
    private static final int MAX_PROOFS = 5;

    private final ShipLog log;
    private final Retries retries;
    private final List<String> findings = new ArrayList<>();
    private volatile @Nullable LogIdentity identity;

    /**
     * The floor that the first proof has found. It stays, so that readers that are open find the files of their report. An object
     * that is retired later is reported when it is read.
     */
    private volatile Floor begin = Floor.NONE;

    ArchiveProof(ShipLog log, Retries retries) {
        this.log = log;
        this.retries = retries;
    }

    /** Returns the prefix of the file names, once the archive was proven. */
    String prefix() {
        return identity().prefix();
    }

    private LogIdentity identity() {
        return Objects.requireNonNull(identity, "proven before");
    }

    /** Returns the floor that the first proof has found. */
    Floor begin() {
        return begin;
    }

    /** Returns the care records that are damaged or missing. */
    List<String> findings() {
        return List.copyOf(findings);
    }

    /** Returns the floor as it is now. An interrupt of the caller stays pending. */
    Floor floor() throws IOException {
        return uninterrupted("reading care/ of ", () -> floor(identity(), new ArrayList<>()));
    }

    private Floor floor(LogIdentity of, List<String> damaged) throws IOException {
        return new CareChain(log.store(), retries, of)
                .lastReadable(damaged::add)
                .state()
                .floor();
    }

    /** Returns the content of the archive. An interrupt of the caller stays pending. */
    ArchiveContent prove(Storage storage) throws IOException {
        return uninterrupted("proving ", () -> {
            long started = System.nanoTime();
            LogIdentity found = retries.call(log::identity)
                    .orElseThrow(() -> new WalRestoreException(
                            Reason.NOT_AN_ARCHIVE,
                            log.store().describe() + " is not an archive (it has no log.json); correct the URI",
                            null));
            Proof proof = prove(found);
            if (identity == null) {
                // After the slots: a floor that is too low would only be lower than necessary.
                begin = floor(found, findings);
                identity = found;
            }
            Duration took = Duration.ofNanos(System.nanoTime() - started);
            return new ArchiveContent(
                    log.store().describe(), proof.from(begin.cut()), LogFiles.of(storage, found.prefix()), took);
        });
    }

    private <T> T uninterrupted(String what, Callable<T> task) throws IOException {
        try {
            return UninterruptibleThread.call("veloz-wal-read", task);
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(what + log.store().describe() + ": " + e, e);
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
