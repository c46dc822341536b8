package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.BrokenProofException;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestorePlan;
import io.veloz.wal.restore.RestoreProgress.Stage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Proves the archive, and plans what a restore fetches. Writes nothing. It belongs to one thread. */
public final class RestorePlanner {
    /** Limit of the proofs: a shipper may drop tails faster than they are read. */
    static final int MAX_PROOFS = 5;

    private static final long SPARE_BYTES = 1024 * 1024;

    private final ObjectStore store;
    private final ShipLog log;
    private final RestoreOptions options;
    private final Retries retries;
    private final Consumer<String> notes;

    /**
     * Creates a planner.
     *
     * @param options for their point, expected log, parallelism and progress
     */
    public RestorePlanner(
            ObjectStore store, ShipLog log, RestoreOptions options, Retries retries, Consumer<String> notes) {
        this.store = store;
        this.log = log;
        this.options = options;
        this.retries = retries;
        this.notes = notes;
    }

    // ---- the proof

    /**
     * Returns the identity of the log.
     *
     * @throws WalRestoreException if there is no archive
     */
    public LogIdentity identity() throws IOException {
        return retries.call(log::identity)
                .orElseThrow(() -> new WalRestoreException(
                        Reason.NOT_AN_ARCHIVE,
                        store.describe() + " is not an archive (it has no log.json); correct the URI",
                        null));
    }

    /** Proves the archive up to the requested point. */
    public Proof prove() throws IOException {
        LogIdentity identity = identity();
        if (options.expectedLogId().isPresent()
                && !options.expectedLogId().get().equals(identity.logId())) {
            throw new WalRestoreException(
                    Reason.OTHER_LOG,
                    store.describe() + " is the archive of log " + identity.logId() + "; expected log "
                            + options.expectedLogId().get() + "; correct the URI",
                    null);
        }
        Proof proof = prove(identity);
        if (proof.unusedFrom() > 0) {
            notes.accept("slot " + proof.unusedFrom() + " is damaged or missing; later slots were not used");
        }
        return proof;
    }

    /** Retries if a slot disappeared: a concurrent shipper may drop a listed slot before it is read. */
    private Proof prove(LogIdentity identity) throws IOException {
        String disappeared = "";
        for (int attempt = 1; ; attempt++) {
            Prover prover = new Prover(
                    log,
                    identity,
                    retries,
                    options.parallelism(),
                    slots -> options.progress().update(Stage.PROVE, slots, slots));
            try {
                return prover.prove(options.untilSequence());
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
        return retries.call(() -> store.head(key)).isPresent();
    }

    // ---- the plan

    /** @param left the segments that stay in the archive */
    RestorePlan plan(Proof proof, RestoreSelection selection, List<Segment> left) {
        return plan(
                proof,
                selection,
                left,
                Checkpoints.upTo(proof, selection.lastSequence()).stream().findFirst());
    }

    /** @param checkpoint the one that is restored */
    RestorePlan plan(Proof proof, RestoreSelection selection, List<Segment> left, Optional<Attachment> checkpoint) {
        @Nullable Slot tip = proof.tip();
        boolean newLog = options.isUpToAPoint() || !selection.gaps().isEmpty();
        long fileBytes = selection.segmentBytes() + selection.tailBytes();
        long files = fileBytes + checkpoint.map(Attachment::fileBytes).orElse(0L);
        return RestorePlan.builder(store.describe(), proof.identity().logId())
                .firstSequence(proof.identity().firstSequence())
                .lastSequence(selection.lastSequence())
                .archivedSequence(proof.archived().sequence())
                .epoch(tip == null ? 0 : tip.epoch())
                .writerHost(tip == null ? "" : tip.host())
                .lastWritten(tip == null ? proof.identity().created() : tip.written())
                .slots(proof.slots())
                .segments(selection.segments().size())
                .tails(selection.tails().size())
                .checkpointSequence(checkpoint.map(Attachment::sequence).orElse(0L))
                .objectBytes(selection.segments().stream()
                                .mapToLong(Segment::objectBytes)
                                .sum()
                        + checkpoint.map(Attachment::objectBytes).orElse(0L))
                .fileBytes(fileBytes)
                .neededBytes((newLog ? 2 : 1) * files + SPARE_BYTES)
                .newLog(newLog)
                .left(
                        left.size(),
                        left.isEmpty() ? 0 : left.get(0).firstSequence(),
                        left.stream().mapToLong(Segment::objectBytes).sum(),
                        left.stream().mapToLong(Segment::fileBytes).sum())
                .gaps(selection.gaps())
                .strays(strays(proof))
                .build();
    }

    private static List<String> strays(Proof proof) {
        List<String> strays = new ArrayList<>();
        proof.strays().forEach(number -> strays.add("slot " + number));
        if (proof.strayCount() > strays.size()) {
            strays.add("and " + (proof.strayCount() - strays.size()) + " more");
        }
        return strays;
    }
}
