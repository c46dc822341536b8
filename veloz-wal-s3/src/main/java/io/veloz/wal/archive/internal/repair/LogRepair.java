package io.veloz.wal.archive.internal.repair;

import io.veloz.wal.LostRange;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.NewFile;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Replaces damaged and missing segments of a log by those of its archive, or their beginning by its tails. The caller has the lock
 * of the log. An instance is for one run, and confined to one thread.
 *
 * <p>New files are fetched next to the log first, under names that it does not read. Then the log is verified as it will be.
 * Only if that shows every new segment joined to its neighbours, no good segment lost and no record fewer, files are renamed. A
 * damaged file is never deleted: it stays under another name.
 *
 * <p>Crash table. After each step the directory is forced. Run the same repair again after a crash.
 *
 * <pre>
 *   new files fetched              the log is as before; the next run deletes and fetches them again
 *   active segment copied aside    the log is as before, with one more file that it does not read
 *   active segment replaced        a whole one: the archived prefix, or an empty segment, which has the next number
 *   damaged segment renamed        the segment is missing, so the log does not open
 *   new segment renamed            repaired so far
 *   segment in tails copied aside  the log is as before, with one more file that it does not read
 *   segment in tails replaced      repaired so far: the archived beginning and the local bytes after it
 * </pre>
 *
 * <p>Order matters: an empty active segment takes its place before the segments that it follows, as its number shows that they
 * are missing. It takes its place after them if the file that it replaces has the number of one of them.
 */
public final class LogRepair {
    private final Storage storage;
    private final String prefix;
    private final Proof proof;
    private final Floor floor;
    private final CareChain care;
    private final ArchivedParts archive;
    private final StagedNames staged;
    private final LogFiles stagedFiles;
    private final LogFiles files;
    private final WalProgress progress;
    private final SetAside aside;
    private final TreeMap<Long, Repaired> segments = new TreeMap<>();
    private final TreeMap<Long, TailsRepair> inTails = new TreeMap<>();
    private final Map<String, Untouched> unfetched = new TreeMap<>();
    private LocalSegments local;

    /** The header of the active segment in {@link #local} and in all views, if its own one is unreadable. */
    private Optional<ArchivedHeader> header = Optional.empty();

    private ActiveRepair active;

    /** Why a file is replaced. */
    public enum Cause {
        DAMAGED,
        MISSING,
        /** It has the archived records in another file, as after a failover and back. */
        OTHER_FILE
    }

    /**
     * A file that was replaced.
     *
     * @param kept the name of the previous file; empty if there was none
     */
    public record Repaired(String file, long firstSequence, long lastSequence, Cause cause, String kept) {
        Repaired kept(String name) {
            return new Repaired(file, firstSequence, lastSequence, cause, name);
        }
    }

    /** A damaged or missing file that stays as it is. */
    public record Untouched(String file, long firstSequence, long lastSequence, String reason) {}

    /** The result. */
    public record Result(List<Repaired> repaired, List<Untouched> untouched, RecoveryReport log) {}

    /**
     * @param storage the directory of the log
     * @param proof the archive above its floor
     * @param suffix the end of the names of files that are set aside
     */
    public LogRepair(
            Storage storage,
            ObjectStore store,
            Retries retries,
            Proof proof,
            Floor floor,
            String suffix,
            WalProgress progress)
            throws IOException {
        this.storage = storage;
        this.prefix = proof.identity().prefix();
        this.proof = proof;
        this.floor = floor;
        this.care = new CareChain(store, retries, proof.identity());
        this.archive = new ArchivedParts(store, retries, proof);
        this.staged = new StagedNames(storage);
        this.stagedFiles = LogFiles.of(staged, prefix);
        this.files = LogFiles.of(storage, prefix);
        this.progress = progress;
        this.aside = new SetAside(storage, suffix);
        staged.clear();
        this.local = verify(view(Map.of()));
        this.active = new ActiveRepair(archive, local, files, stagedFiles, header);
    }

    /**
     * Repairs the log.
     *
     * @throws WalRestoreException if a record differs from the archive, or the archived files do not join the others; nothing was
     *     changed
     */
    public Result run() throws IOException {
        Optional<Repaired> current;
        try {
            findHeaderInTails();
            requireSameLog();
            current = stage();
        } catch (IOException | RuntimeException e) {
            clearStaged(e);
            throw e;
        }
        List<Repaired> done = new ArrayList<>();
        if (current.isPresent() && !active.isLast()) {
            done.add(replaceAtOnce(current.get()));
        }
        for (Map.Entry<Long, Repaired> segment : segments.entrySet()) {
            done.add(
                    inTails.containsKey(segment.getKey())
                            ? replaceAtOnce(segment.getValue())
                            : replaceSealed(segment.getValue()));
        }
        if (current.isPresent() && active.isLast()) {
            done.add(replaceAtOnce(current.get()));
        }
        if (!done.isEmpty() || header.isPresent()) {
            header = Optional.empty();
            local = verify(view(Map.of()));
        }
        return result(done);
    }

    /** Stages all new files, and verifies the log as it will be. Returns the active segment if it has to be replaced. */
    private Optional<Repaired> stage() throws IOException {
        for (Segment segment : archive.segments()) {
            if (segment.lastSequence() >= local.report().expectedFirstSequence()) {
                consider(segment);
            }
        }
        for (long number : archive.inTailsOnly()) {
            consider(new TailsRepair(archive, local, files, stagedFiles, number), number);
        }
        findHeaderInStaged();
        keepOvertakenWithDamage();
        active = new ActiveRepair(archive, local, files, stagedFiles, header);
        Optional<Repaired> current = stageActive();
        if (segments.isEmpty() && current.isEmpty()) {
            return current;
        }
        // Order matters: all new names are durable before the first file of the log is renamed.
        storage.forceDirectory();
        LocalSegments then = verify(viewOfStaged());
        if (dropUnproven(then)) {
            then = verify(viewOfStaged());
        }
        if (current.isPresent() && active.hasTails() && !isActiveUsed(then)) {
            current = Optional.empty();
            staged.delete(files.currentName());
            if (segments.isEmpty()) {
                return current;
            }
            then = verify(viewOfStaged());
        }
        requireBetter(current, then);
        return current;
    }

    private Optional<Repaired> stageActive() throws IOException {
        if (local.isEndMissing() && !unfetched.isEmpty()) {
            // A new active segment would hide that sealed ones before it are missing.
            return Optional.empty();
        }
        try {
            Optional<Repaired> current = active.stage(segments);
            if (current.isPresent() && active.hasTails()) {
                long first = current.get().firstSequence();
                long last = current.get().lastSequence();
                if (last >= first) {
                    // Also those after the first damage: they are readable, and would be replaced.
                    requireSameRecords(
                            first, last, options(single(files.currentName())).salvage());
                }
            } else if (active.hasTails()) {
                leaveActive(local, "the damage is after the tails");
            }
            return current;
        } catch (BadObjectException e) {
            if (active.isRequired()) {
                throw e;
            }
            leave(files.currentName(), -1, -1, String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    /** Returns whether the staged file may be used, and names the active segment if it is damaged still. */
    private boolean isActiveUsed(LocalSegments then) throws IOException {
        if (active.isProvenBeginning(then)) {
            leaveActive(then, "the damage is after the tails");
            return true;
        }
        String doubt = active.doubt(then);
        if (!doubt.isEmpty()) {
            String state = header.isPresent() ? "the header is unreadable; " : "";
            leaveActive(local, state + "not replaced by its tails: " + doubt);
        }
        return doubt.isEmpty();
    }

    private void leaveActive(LocalSegments verified, String why) {
        SegmentReport report = verified.active().orElseThrow();
        String state = report.isGood() ? "" : describe(verified.active()) + ": ";
        leave(files.currentName(), report.firstSequence(), report.lastSequence(), state + why);
    }

    private static String describe(Optional<SegmentReport> report) {
        return report.map(found -> found.verdict() + " (" + found.detail() + ")")
                .orElse("");
    }

    // ---- an active segment without readable header

    /** Looks for the header of the active segment in the tails. Its number is not known: sealed ones before it may be missing. */
    private void findHeaderInTails() throws IOException {
        List<Long> tried = new ArrayList<>();
        for (long number : archive.inTailsOnly()) {
            if (!local.isHeaderLost()) {
                return;
            }
            try (NewFile to = new NewFile(staged, "tail")) {
                archive.fetch(archive.tails(number).subList(0, 1), to);
                useHeader("tail");
                tried.add(number);
            } catch (BadObjectException e) {
                leaveActive(local, String.valueOf(e.getMessage()));
            }
        }
        if (header.isPresent()) {
            unfetched.remove(files.currentName());
        } else if (local.isHeaderLost() && !tried.isEmpty() && unfetched.isEmpty()) {
            leaveActive(
                    local,
                    "no intact batch and no end mark in it belongs to a segment of which the archive has tails ("
                            + tried + "), so it is not known which segment it is");
        }
    }

    /** Looks for it in the archived segments after the last sealed one of the log. */
    private void findHeaderInStaged() throws IOException {
        for (Repaired segment :
                List.copyOf(segments.tailMap(local.lastSealed() + 1).values())) {
            if (!local.isHeaderLost()) {
                return;
            }
            useHeader(segment.file());
            if (header.isPresent()) {
                requireSameRecords(
                        segment.firstSequence(),
                        segment.lastSequence(),
                        options(single(segment.file())).salvage());
                segments.replace(
                        local.activeNumber(local.active().orElseThrow()),
                        new Repaired(
                                segment.file(), segment.firstSequence(), segment.lastSequence(), Cause.DAMAGED, ""));
                unfetched.remove(files.currentName());
            }
        }
    }

    /**
     * Leaves an active segment that lost more than its header, if archived segments reach its number. Its end marks, which show
     * what was acknowledged, would not be part of the log any more.
     */
    private void keepOvertakenWithDamage() throws IOException {
        Optional<SegmentReport> found = local.active();
        if (header.isPresent() && found.isPresent() && !found.get().isGood()) {
            long number = found.get().number();
            if (!segments.isEmpty() && number <= segments.lastKey()) {
                leaveActive(
                        local,
                        "the header is unreadable, too; its intact bytes belong to segment " + number
                                + ", and the archive has segments up to " + segments.lastKey());
                header = Optional.empty();
                local = verify(view(Map.of()));
            }
        }
    }

    /** Uses the header of a staged file for the active segment if local bytes prove that it has that one. */
    private void useHeader(String name) throws IOException {
        byte[] page = new byte[ArchivedHeader.BYTES];
        try (StorageFile file = staged.openForReading(name)) {
            if (file.readFully(ByteBuffer.wrap(page), 0) < page.length) {
                return;
            }
        }
        header = ArchivedHeader.proven(files, staged, page);
        if (header.isPresent()) {
            local = verify(view(Map.of()));
        }
    }

    private void clearStaged(Exception failure) {
        try {
            staged.clear();
        } catch (IOException | RuntimeException e) {
            // The next run deletes them.
            failure.addSuppressed(e);
        }
    }

    private LocalSegments verify(Storage view) throws IOException {
        return new LocalSegments(files, WalRecovery.verify(options(view), progress), view.list());
    }

    private ReadOptions options(Storage view) {
        return ReadOptions.of(view).prefix(prefix);
    }

    private NameView view(Map<String, String> replaced) throws IOException {
        Map<String, String> names = new TreeMap<>();
        for (String name : storage.list()) {
            if (!name.startsWith(StagedNames.PREFIX)) {
                names.put(name, name);
            }
        }
        names.putAll(replaced);
        NameView view = new NameView(storage, names);
        return header.isEmpty() || replaced.containsKey(files.currentName())
                ? view
                : view.withHeader(files.currentName(), header.get().page());
    }

    private NameView viewOfStaged() throws IOException {
        Map<String, String> replaced = new TreeMap<>();
        for (String name : staged.list()) {
            replaced.put(name, StagedNames.staged(name));
        }
        return view(replaced);
    }

    private void requireSameLog() {
        String id = local.report().logId();
        if (id.isEmpty()) {
            throw new WalRestoreException(
                    Reason.TARGET_UNUSABLE,
                    storage.describe() + " has no readable segment of a log \"" + prefix
                            + "\"; restore into another directory",
                    null);
        }
        if (!id.equals(proof.identity().logId())) {
            throw new WalRestoreException(
                    Reason.OTHER_LOG,
                    storage.describe() + " contains log " + id + ", the archive contains log "
                            + proof.identity().logId(),
                    null);
        }
    }

    // ---- sealed segments

    /** Stages a segment if it has to be replaced. If its object is damaged or missing, the others are repaired without it. */
    private void consider(Segment archived) throws IOException {
        try {
            stage(archived);
        } catch (BadObjectException e) {
            leave(
                    files.sealedName(archived.number()),
                    archived.firstSequence(),
                    archived.lastSequence(),
                    retired(archived).orElse(String.valueOf(e.getMessage())));
        }
    }

    /** Returns why an object may be missing: a janitor that runs meanwhile has raised the floor above it. */
    private Optional<String> retired(Segment archived) throws IOException {
        Floor now = care.lastReadable(finding -> {}).state().floor();
        return now.cut().isAbove(archived.key())
                ? Optional.of("retired from the archive by care record " + now.record() + " meanwhile")
                : Optional.empty();
    }

    private void leave(String file, long first, long last, String reason) {
        unfetched.put(file, new Untouched(file, first, last, reason));
    }

    private void stage(Segment archived) throws IOException {
        String name = files.sealedName(archived.number());
        Optional<SegmentReport> found = local.has(name) ? local.of(name) : active(archived);
        if (local.has(name) ? hasContentOf(archived, name) : isUnsealed(archived, found) || isBehind(archived, found)) {
            return;
        }
        try (NewFile to = new NewFile(staged, name)) {
            archive.fetch(archived, to);
        }
        Cause cause = found.isEmpty() && !local.has(name) ? Cause.MISSING : Cause.DAMAGED;
        if (cause != Cause.MISSING) {
            requireSameRecords(archived.firstSequence(), archived.lastSequence(), options(single(name)));
            cause = found.isPresent() && found.get().isGood() ? Cause.OTHER_FILE : cause;
        }
        segments.put(
                archived.number(), new Repaired(name, archived.firstSequence(), archived.lastSequence(), cause, ""));
    }

    private Optional<SegmentReport> active(Segment archived) {
        return local.active().filter(found -> found.number() == archived.number());
    }

    private boolean hasContentOf(Segment archived, String name) throws IOException {
        try (InputStream in = StorageInputStream.of(storage, name)) {
            return archive.isFileOf(archived, in);
        }
    }

    /** Returns whether the active segment has the archived data, and lacks only the footer, which the next open adds. */
    private boolean isUnsealed(Segment archived, Optional<SegmentReport> active) throws IOException {
        if (active.isEmpty() || !active.get().isGood() || active.get().dataBytes() != archived.dataBytes()) {
            return false;
        }
        String name = "data";
        try (NewFile to = new NewFile(staged, name)) {
            archive.fetch(archived, to);
        }
        try (StorageFile mine = files.openSegment(active.get().file());
                StorageFile other = staged.openForReading(name)) {
            return FileBytes.sha256(mine, 0, archived.dataBytes())
                    .equals(FileBytes.sha256(other, 0, archived.dataBytes()));
        } finally {
            staged.delete(name);
        }
    }

    /** Returns whether the log ends before the segment, and nothing shows that it was longer. */
    private boolean isBehind(Segment archived, Optional<SegmentReport> active) {
        if (active.isPresent()) {
            boolean isShorter = active.get().lastSequence() < archived.lastSequence();
            return active.get().isGood() && isShorter && !local.isEndMissing();
        }
        return archived.number() > local.last() && !local.isEndMissing() && !local.isHeaderLost();
    }

    private NameView single(String name) {
        return new NameView(storage, Map.of(name, StagedNames.staged(name)));
    }

    private void requireSameRecords(long first, long last, ReadOptions archived) throws IOException {
        long different = SameRecords.firstDifference(
                options(view(Map.of()))
                        .salvage()
                        .fromSequence(Math.max(1, first))
                        .untilSequence(last),
                archived.acceptMissingEnds(true));
        if (different >= 0) {
            throw refused(
                    different,
                    "record " + different + " differs from the archived one, so this log has diverged: compare with"
                            + " `divergence`, and decide which records are correct");
        }
    }

    // ---- sealed segments in tails

    private void consider(TailsRepair segment, long number) throws IOException {
        if (!segment.isNeeded()) {
            return;
        }
        try {
            Optional<Repaired> repaired = segment.stage();
            if (repaired.isEmpty()) {
                leave(segment, view(Map.of()), local, "the damage is after the tails");
                return;
            }
            if (segment.lastSequence() >= segment.firstSequence()) {
                // The tails need not reach the end of the segment, and it may have damage after them.
                ReadOptions archived = options(single(segment.file())).salvage();
                requireSameRecords(segment.firstSequence(), segment.lastSequence(), archived);
            }
            segments.put(number, repaired.get());
            inTails.put(number, segment);
        } catch (BadObjectException e) {
            leave(segment, view(Map.of()), local, String.valueOf(e.getMessage()));
        }
    }

    private void leave(TailsRepair segment, Storage log, LocalSegments verified, String why) {
        List<LostRange> lost = segment.lost(options(log), verified);
        leave(
                segment.file(),
                lost.isEmpty() ? -1 : lost.get(0).firstSequence(),
                lost.isEmpty() ? -1 : lost.get(lost.size() - 1).lastSequence(),
                segment.describe(lost, why));
    }

    /**
     * Drops the staged files with tails that the log does not prove to be its own: their batches do not join the local bytes, or
     * the end that the log states. Files that are damaged after the tails only are kept, as they have more records than before.
     *
     * @param then the log with all staged files
     * @return whether there was one
     */
    private boolean dropUnproven(LocalSegments then) throws IOException {
        boolean dropped = false;
        for (Map.Entry<Long, TailsRepair> entry : inTails.entrySet()) {
            TailsRepair segment = entry.getValue();
            if (segment.isProven(then)) {
                continue;
            }
            if (segment.isProvenBeginning(then)) {
                leave(segment, viewOfStaged(), then, "the damage is after the tails");
                continue;
            }
            segments.remove(entry.getKey());
            staged.delete(segment.file());
            dropped = true;
            String detail = then.of(segment.file()).map(SegmentReport::detail).orElse("not part of the log");
            leave(segment, view(Map.of()), local, "what follows its tails does not prove them (" + detail + ")");
        }
        return dropped;
    }

    // ---- the result before it is made

    /** Requires that the log with the new files has every good segment and every readable record that it has now. */
    private void requireBetter(Optional<Repaired> current, LocalSegments then) throws IOException {
        List<String> replaced = staged.list();
        for (SegmentReport was : local.report().segments()) {
            boolean stays = !replaced.contains(was.file());
            if (was.isGood() && was.records() > 0 && stays) {
                requireGood(then, was.file(), was.firstSequence());
            }
        }
        for (Repaired segment : segments.values()) {
            // Of a segment that is named as damaged after its tails, the beginning is good.
            if (!unfetched.containsKey(segment.file())) {
                requireGood(then, segment.file(), segment.firstSequence());
            }
        }
        if (current.isPresent()
                && current.get().lastSequence() > 0
                && !unfetched.containsKey(current.get().file())) {
            requireGood(then, current.get().file(), current.get().firstSequence());
        }
        requireReadable(viewOfStaged());
    }

    /**
     * Requires that a salvage of the log with the new files returns every record that it returns now. Good segments do not show
     * this: a damaged one may have readable records after the last record of the file that replaces it.
     */
    private void requireReadable(Storage after) throws IOException {
        long lost = SameRecords.firstMissing(
                fromFirstReplaced(options(view(Map.of())).salvage()),
                fromFirstReplaced(options(after).salvage()));
        if (lost >= 0) {
            throw refused(
                    lost,
                    "record " + lost
                            + " is readable, and would not be part of the log: it follows files that the archive"
                            + " has otherwise. Restore with merge to keep it");
        }
    }

    private ReadOptions fromFirstReplaced(ReadOptions options) {
        long first = segments.isEmpty() ? 0 : segments.firstEntry().getValue().firstSequence();
        return first > local.report().expectedFirstSequence() ? options.fromSequence(first) : options;
    }

    private void requireGood(LocalSegments then, String name, long sequence) throws IOException {
        Optional<SegmentReport> found = then.of(name);
        if (found.isEmpty() || !found.get().isGood()) {
            throw refused(
                    found.map(SegmentReport::firstSequence).orElse(sequence),
                    name + " would not join the segments around it ("
                            + found.map(report -> report.verdict() + " " + report.detail())
                                    .orElse("not part of the log")
                            + "). Restore with merge to keep all records");
        }
    }

    private WalRestoreException refused(long sequence, String why) {
        return new WalRestoreException(
                Reason.DIVERGED, null, sequence, -1, storage.describe() + ": " + why + "; nothing was changed", null);
    }

    // ---- changes

    private Repaired replaceSealed(Repaired segment) throws IOException {
        String kept = local.has(segment.file()) ? aside.rename(segment.file()) : "";
        storage.rename(StagedNames.staged(segment.file()), segment.file());
        storage.forceDirectory();
        return segment.kept(kept);
    }

    /** Replaces a file with bytes that the archive does not have. It is never missing, as the next run could not make it again. */
    private Repaired replaceAtOnce(Repaired segment) throws IOException {
        String kept = local.has(segment.file()) ? aside.copy(segment.file()) : "";
        storage.rename(StagedNames.staged(segment.file()), segment.file());
        storage.forceDirectory();
        return segment.kept(kept);
    }

    private Result result(List<Repaired> repaired) {
        if (local.active().filter(SegmentReport::isGood).isPresent()) {
            // Only the sealed segment before it was damaged.
            unfetched.remove(files.currentName());
        }
        List<Untouched> untouched = new ArrayList<>(unfetched.values());
        for (SegmentReport segment : local.report().segments()) {
            if (!segment.isGood() && !unfetched.containsKey(segment.file())) {
                untouched.add(new Untouched(
                        segment.file(), segment.firstSequence(), segment.lastSequence(), reason(segment)));
            }
        }
        return new Result(List.copyOf(repaired), untouched, local.report());
    }

    private String reason(SegmentReport segment) {
        if (segment.verdict() == SegmentReport.Verdict.MISSING && local.isHeaderLost()) {
            return "MISSING (" + segment.detail() + "): it may be " + files.currentName()
                    + ", whose header is unreadable";
        }
        boolean isRetired = floor.isRaised()
                && segment.lastSequence() > 0
                && segment.lastSequence() < floor.cut().sequence();
        String why = isRetired
                ? "retired from the archive by care record " + floor.record()
                : "no slot commits it, or it does not depend on the archive";
        return segment.verdict() + (segment.detail().isEmpty() ? "" : " (" + segment.detail() + ")") + ": " + why;
    }
}
