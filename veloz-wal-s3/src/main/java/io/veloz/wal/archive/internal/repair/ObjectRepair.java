package io.veloz.wal.archive.internal.repair;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalException;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.StoredPart;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.ObjectFiles;
import io.veloz.wal.archive.internal.ship.LocalLog;
import io.veloz.wal.archive.internal.ship.Restatement;
import io.veloz.wal.archive.internal.ship.SameObject;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SealedSegment;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Puts objects of an archive again that are missing or damaged, from the log in a directory. The caller has the lock of the log.
 * An instance is for one run, and confined to one thread.
 *
 * <p>A missing object is created under its key if the file compresses to the bytes that the slot states. Anything else needs
 * another object, which a {@link Restatement} commits: a damaged object is never replaced. Slots cannot be put again, as only
 * their writer had their bytes. The floor is read again before each put: a janitor may still delete what is below it.
 *
 * <p>Crash table: an object that was created is complete, and the next run does not find it missing; for the rest see {@link
 * Restatement}.
 */
public final class ObjectRepair {
    private final ObjectStore store;
    private final LogFiles files;
    private final Retries retries;
    private final LogIdentity identity;
    private final Proof proof;
    private final Clock clock;
    private final ObjectFiles objects;
    private final WalProgress progress;
    private final List<Repaired> repaired = new ArrayList<>();
    private final List<Untouched> untouched = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private final List<Found> toRestate = new ArrayList<>();
    private @Nullable Restatement restatement;

    /**
     * An object that was put again.
     *
     * @param replacement the key of the object that replaces it; empty if it has its key
     */
    public record Repaired(String key, long firstSequence, long lastSequence, boolean wasMissing, String replacement) {}

    /** An object that is still missing or damaged. */
    public record Untouched(String key, long firstSequence, long lastSequence, String reason) {}

    /** The result. */
    public record Result(List<Repaired> repaired, List<Untouched> untouched, List<String> notes) {}

    /**
     * A file with a missing or damaged object.
     *
     * @param key of the object
     */
    private record Found(StoredPart part, String key, boolean isMissing, String reason) {
        long first() {
            return part instanceof Segment segment ? segment.firstSequence() : -1;
        }

        long last() {
            return part instanceof Segment segment ? segment.lastSequence() : ((Attachment) part).sequence();
        }
    }

    /**
     * @param files the log, whose lock is reported as free
     * @param proof the whole archive
     * @param floor where the objects begin that are not retired
     */
    public ObjectRepair(
            ObjectStore store,
            LogFiles files,
            Retries retries,
            Proof proof,
            Floor floor,
            Clock clock,
            WalProgress progress) {
        this.store = store;
        this.files = files;
        this.retries = retries;
        this.identity = proof.identity();
        this.proof = proof.from(floor.cut());
        this.clock = clock;
        this.objects = new ObjectFiles(store, retries, Long.MAX_VALUE);
        this.progress = progress;
    }

    /** Reads every object, and puts those again that are missing or damaged. */
    public Result run() throws IOException {
        List<StoredPart> parts = new ArrayList<>(proof.segments());
        parts.addAll(proof.attachments());
        long total = parts.stream().mapToLong(StoredPart::objectBytes).sum();
        long done = 0;
        for (StoredPart part : parts) {
            progress.update(done, total);
            Optional<Found> bad = check(part);
            if (bad.isPresent()) {
                repair(bad.get());
            }
            done += part.objectBytes();
        }
        progress.update(total, total);
        restateAll();
        recordEnd();
        if (restatement != null && !restatement.summaryProblem().isEmpty()) {
            notes.add(restatement.summaryProblem());
        }
        return new Result(List.copyOf(repaired), List.copyOf(untouched), List.copyOf(notes));
    }

    private Optional<Found> check(StoredPart part) throws IOException {
        try {
            objects.read(part.stored(), ObjectFiles.NOWHERE);
            return Optional.empty();
        } catch (BadObjectException e) {
            boolean isMissing = isAnyMissing(part);
            return Optional.of(new Found(part, e.key(part.key()), isMissing, String.valueOf(e.getMessage())));
        }
    }

    private boolean isAnyMissing(StoredPart part) throws IOException {
        for (String key : part.objectKeys()) {
            if (retries.call(() -> store.head(key)).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    private void repair(Found bad) throws IOException {
        if (isRetired(bad)) {
            return;
        }
        Optional<SameObject> local = local(bad);
        if (local.isEmpty()) {
            return;
        }
        SameObject again = local.get();
        StoredFile stated = bad.part.stored();
        if (bad.isMissing && again.isObjectOf(stated)) {
            retries.call(() -> again.put(store, stated));
            // Also if it existed: then the list or the read before was stale, or another repair was faster.
            checkAgain(bad);
        } else if (bad.part instanceof Segment) {
            toRestate.add(bad);
        } else {
            leave(bad, "a checkpoint is not stated again: write a new one, and ship it");
        }
    }

    /** Checks an object that was put again. Another part of the segment may be damaged. */
    private void checkAgain(Found bad) throws IOException {
        Optional<Found> still = check(bad.part);
        if (still.isEmpty()) {
            repaired.add(new Repaired(bad.key, bad.first(), bad.last(), true, ""));
        } else if (bad.part instanceof Segment) {
            toRestate.add(still.get());
        } else {
            leave(still.get(), "it is damaged after it was put again");
        }
    }

    /** Returns the local file of an object if it has the same content. */
    private Optional<SameObject> local(Found bad) throws IOException {
        try {
            String file = bad.part instanceof Segment segment
                    ? files.sealed(segment.number()).map(SealedSegment::file).orElse("")
                    : checkpoint((Attachment) bad.part);
            if (file.isEmpty()) {
                leave(bad, "the directory does not have this file");
                return Optional.empty();
            }
            SameObject local = SameObject.of(files, file, bad.part.stored(), objects.keys());
            if (!local.isFileOf(bad.part.stored())) {
                leave(bad, "the file in the directory has other bytes");
                return Optional.empty();
            }
            return Optional.of(local);
        } catch (WalException e) {
            leave(bad, "the file in the directory cannot be used: " + e.getMessage());
            return Optional.empty();
        }
    }

    private String checkpoint(Attachment attachment) {
        ReadOptions options = ReadOptions.of(files.storage()).prefix(files.prefix());
        return WalCheckpoint.good(options).stream()
                .filter(checkpoint -> checkpoint.sequence() == attachment.sequence())
                .map(WalCheckpoint::file)
                .findFirst()
                .orElse("");
    }

    /** Restates all, or those before a refusal: the others are left then, and what was done before counts. */
    private void restateAll() throws IOException {
        for (int i = 0; i < toRestate.size(); i++) {
            try {
                restate(toRestate.get(i));
            } catch (WalShippingRefusedException | WalFencedException e) {
                leaveFrom(i, e);
                return;
            }
            if (!summarize(i + 1)) {
                return;
            }
        }
    }

    /** Puts a SUMMARY if it is due. If that fails, what was restated counts, and those from an index on are left. */
    private boolean summarize(int next) {
        try {
            if (restatement != null) {
                restatement.summarize();
            }
            return true;
        } catch (WalShippingRefusedException | WalFencedException | IOException e) {
            notes.add("the repair puts no SUMMARY: " + e.getMessage());
            leaveFrom(next, e);
            return false;
        }
    }

    private void leaveFrom(int first, Exception e) {
        boolean isSuperseded = e instanceof WalShippingRefusedException refused
                && refused.reason() == WalShippingRefusedException.Reason.SUPERSEDED;
        String next = isSuperseded ? " (`ship --take-over EPOCH`)" : "";
        for (Found left : toRestate.subList(first, toRestate.size())) {
            leave(left, "it cannot be stated again: " + e.getMessage() + next);
        }
    }

    /** Without the record a reader cannot distinguish the end of the repair from a crash. */
    private void recordEnd() {
        @Nullable Restatement ended = restatement;
        if (ended == null) {
            return;
        }
        try {
            ended.recordEnd();
        } catch (StoreException e) {
            notes.add("the end of epoch " + ended.epoch() + " is not recorded: " + e.getMessage());
        }
    }

    private void restate(Found bad) throws IOException {
        if (isRetired(bad)) {
            return;
        }
        if (restatement == null) {
            restatement = Restatement.begin(
                    LocalLog.of(files),
                    store,
                    identity,
                    clock,
                    request -> retries.call(() -> {
                        request.send();
                        return true;
                    }));
            notes.add("acquired epoch " + restatement.epoch() + " of the archive to state segments again");
        }
        Segment last = (Segment) bad.part;
        Segment next = restatement.upload(last);
        try {
            objects.read(next.stored(), ObjectFiles.NOWHERE);
        } catch (BadObjectException e) {
            leave(bad, "its new object is damaged as well and was not committed, repeat the repair: " + e.getMessage());
            return;
        }
        restatement.commit(next, last);
        repaired.add(new Repaired(last.key(), bad.first(), bad.last(), bad.isMissing, next.key()));
    }

    /** Returns whether retention has retired an object meanwhile. */
    private boolean isRetired(Found bad) throws IOException {
        Floor floor = new CareChain(store, retries, identity).tip().state().floor();
        if (!floor.cut().isAbove(bad.part.key())) {
            return false;
        }
        notes.add(bad.part.key() + " was retired by care record " + floor.record() + " meanwhile");
        return true;
    }

    private void leave(Found bad, String why) {
        untouched.add(new Untouched(bad.key, bad.first(), bad.last(), bad.reason + "; " + why));
    }
}
