package io.veloz.wal.archive;

import io.veloz.wal.LostRange;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.ArchiveVerifyOptions.Level;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.internal.proof.Prover.Latest;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.RestoreErrors;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Verifies an archive, also while a writer ships to it and while retention runs. Modifies nothing, unless the result is to be
 * recorded. Thread-safe.
 *
 * <p>All methods read the slots and verify their chain. {@link #quick} then checks that every object exists and has the size
 * that its slot states. {@link #full} reads all objects and all records, and compares them with the slots. An archive that
 * passes can be restored, apart from records that retention has retired. {@link #verify} has more options.
 */
public final class ArchiveVerifier {
    static final int PARALLELISM = 8;

    private final ObjectStore store;
    private final Retries retries;
    private final @Nullable Path scratch;
    private final CareAccess care;

    /** Creates a verifier that uses the default directory for temporary files. */
    public ArchiveVerifier(ObjectStore store) {
        this(store, Retries.withBackoff(), null);
    }

    /**
     * Creates a verifier.
     *
     * @param scratch a directory in which {@link #full} creates a temporary directory, for a few segments at a time
     */
    public ArchiveVerifier(ObjectStore store, Path scratch) {
        this(store, Retries.withBackoff(), scratch);
    }

    ArchiveVerifier(ObjectStore store, Retries retries) {
        this(store, retries, null);
    }

    /** Creates a verifier with another clock. */
    ArchiveVerifier(CareAccess care) {
        this.store = care.store();
        this.retries = care.retries();
        this.scratch = null;
        this.care = care;
    }

    private ArchiveVerifier(ObjectStore store, Retries retries, @Nullable Path scratch) {
        this.care = new CareAccess(store, retries, Clock.systemUTC());
        this.store = store;
        this.retries = retries;
        this.scratch = scratch;
    }

    /**
     * Checks the slots and the sizes of the objects.
     *
     * @throws WalRestoreException if the chain of slots is damaged, or the store cannot be read; see the reason
     */
    public ArchiveReport quick(WalProgress progress) {
        return verify(ArchiveVerifyOptions.level(Level.PRESENCE).build(), progress);
    }

    /**
     * Checks the slots and the content of all objects, also the slots that summaries repeat.
     *
     * @throws WalRestoreException as {@link #quick} does
     */
    public ArchiveReport full(WalProgress progress) {
        return verify(ArchiveVerifyOptions.level(Level.CONTENT).originals().build(), progress);
    }

    /**
     * Verifies what the options state.
     *
     * @throws WalRestoreException as {@link #quick} does; or if the result cannot be recorded, see the reason
     */
    public ArchiveReport verify(ArchiveVerifyOptions options, WalProgress progress) {
        return run(() -> new Verification(care, prover(), options, scratch, progress).run());
    }

    /**
     * Acknowledges a range of missing records: a verification that finds exactly this range missing is sound. The range is one of
     * {@link ArchiveReport#unacknowledgedGaps}, or that of one or more consecutive segments whose objects are damaged or missing and
     * cannot be repaired. An intact object in such a range makes the acknowledgement ineffective, for the others as well, and a sound
     * verification of the content that is recorded withdraws it when all objects are intact. Requires the right to put under {@code
     * care/}.
     *
     * @throws IllegalArgumentException if the range has no first or no last record, or ends before it begins
     * @throws ArchiveCareException if too many ranges are acknowledged, or slots were lost
     * @throws WalRestoreException if the store failed; call it again
     */
    public void acknowledge(LostRange gap) {
        CareState.Gap known = new CareState.Gap(gap.firstSequence(), gap.lastSequence());
        care.run(() -> care.writer().put(Kind.VERIFIED, tip -> {
            if (tip.state().gaps().size() >= CareState.MAX_GAPS) {
                throw new ArchiveCareException(
                        ArchiveCareException.Reason.TOO_MANY,
                        store.describe() + " has " + CareState.MAX_GAPS + " acknowledged gaps");
            }
            return tip.state().acknowledging(known);
        }));
    }

    ArchiveStatus status() {
        return run(() -> {
            Optional<Latest> latest = prover().latest();
            // After the slots: a floor that is too low would only be lower than necessary.
            Floor floor = new CareChain(store, retries, care.identity())
                    .lastReadable(finding -> {})
                    .state()
                    .floor();
            if (latest.isPresent()) {
                Latest found = latest.get();
                return new ArchiveStatus(
                        store.describe(),
                        found,
                        floor,
                        ClosedEpoch.endedAt(store, retries, found.identity(), found.tip()));
            }
            Proof proof = proof();
            return new ArchiveStatus(
                    store.describe(), proof, floor, ClosedEpoch.endedAt(store, retries, proof.identity(), proof.tip()));
        });
    }

    Proof proof() throws IOException {
        return prover().prove(Long.MAX_VALUE);
    }

    <T> T run(Callable<T> task) {
        try {
            return UninterruptibleThread.call("veloz-wal-verify", task);
        } catch (ArchiveCareException e) {
            throw e;
        } catch (Exception e) {
            throw RestoreErrors.translate(e, store.describe());
        }
    }

    private Prover prover() throws IOException {
        ShipLog log = new ShipLog(store);
        LogIdentity identity = retries.call(log::identity)
                .orElseThrow(() -> new WalRestoreException(
                        Reason.NOT_AN_ARCHIVE,
                        store.describe() + " is not an archive (it has no log.json); correct the URI",
                        null));
        return new Prover(log, identity, retries, PARALLELISM, slots -> {});
    }

    static void delete(Path directory) throws IOException {
        Verification.delete(directory);
    }
}
