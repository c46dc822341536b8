package io.veloz.wal.archive.internal.care;

import io.veloz.wal.archive.ArchiveCareException;
import io.veloz.wal.archive.ArchiveCareException.Reason;
import io.veloz.wal.archive.ArchiveRetentionOptions;
import io.veloz.wal.archive.ArchiveRetentionReport;
import io.veloz.wal.archive.ArchiveRetentionReport.Outcome;
import io.veloz.wal.archive.RetentionNeeds.Need;
import io.veloz.wal.archive.internal.care.CareChain.Tip;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.CareRecord;
import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.CareState.Mark;
import io.veloz.wal.archive.internal.format.CareState.Plan;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Plans what an archive does not need any more, and deletes it after a grace. It never touches the ship log, so it cannot fence
 * a writer. Several janitors may run at once. Confined to one thread.
 *
 * <p>Order matters: the needs are read after the care records, and a DELETE is put at the number after the record that was read.
 * A need that is created later finds the plan when its owner reads the care records, and a hold that is put meanwhile takes the
 * number. No step depends on a clock, and the grace is only for restores that run.
 *
 * <table>
 * <caption>Crashes</caption>
 * <tr><th>cut at</th><th>state</th><th>next call</th></tr>
 * <tr><td>before the PLAN, or its answer is lost</td><td>unchanged, or the plan</td><td>makes the plan, or finds it</td></tr>
 * <tr><td>before the DELETE</td><td>the plan</td><td>reads the needs again, and continues</td></tr>
 * <tr><td>DELETE put, its answer is lost, or some objects deleted</td><td>the floor is raised, and objects below it are partly
 * there: they are retired, and no reader uses them</td><td>any janitor deletes the rest</td></tr>
 * <tr><td>all objects deleted, no DONE</td><td>an open DELETE</td><td>finds nothing to delete, and puts the DONE</td></tr>
 * <tr><td>a request to delete takes effect late</td><td>its objects are below the floor, which never falls</td><td>no
 * effect</td></tr>
 * </table>
 */
public final class Janitor {
    /** The level of verification that retention requires. */
    public static final String CONTENT = "content";

    private static final int PARALLELISM = 8;
    private static final int ATTEMPTS = 5;
    private static final int DELETE_BATCH = 1000;
    private static final int NAMED = 10;
    private static final int LARGEST_SHARE = 5;
    private static final Duration CLOCK_TOLERANCE = Duration.ofMinutes(5);

    private final ObjectStore store;
    private final ShipLog log;
    private final Retries retries;
    private final LogIdentity identity;
    private final ArchiveRetentionOptions options;
    private final Clock clock;
    private final CareWriter writer;

    public Janitor(
            ObjectStore store,
            Retries retries,
            LogIdentity identity,
            ArchiveRetentionOptions options,
            Clock clock,
            String host) {
        this.store = store;
        this.log = new ShipLog(store);
        this.retries = retries;
        this.identity = identity;
        this.options = options;
        this.clock = clock;
        this.writer = new CareWriter(store, retries, identity, clock, host);
    }

    /** What a step is based on, read in the order of the fields. */
    private record View(Tip tip, Proof proof, Map<String, Long> objects, List<Need> needs) {
        CareState state() {
            return tip.state();
        }
    }

    private View look() throws IOException {
        Tip tip = writer.chain().tip();
        Prover prover = new Prover(log, identity, retries, PARALLELISM, slots -> {});
        Proof proof = prover.prove(Long.MAX_VALUE);
        List<Need> needs = needs();
        refuseLostSlots(tip);
        refuseClock(tip, proof);
        List<String> unknown = Removable.unknown(proof, prover.objects());
        if (!unknown.isEmpty()) {
            throw refused(
                    Reason.UNKNOWN_OBJECTS,
                    unknown.size() + " objects of no known kind, such as "
                            + unknown.subList(0, Math.min(NAMED, unknown.size()))
                            + "; find out who put them, or use a newer version");
        }
        return new View(tip, proof, prover.objects(), needs);
    }

    private List<Need> needs() throws IOException {
        if (options.needs().isPresent()) {
            return options.needs().get().read();
        }
        long points = NumberedObjects.last(store, retries, ArchiveKeys.POINTS);
        if (points > 0) {
            throw refused(
                    Reason.POINT_NEEDS,
                    points + " recovery points, and this call does not know which records they need; pass their needs"
                            + " (module veloz-wal-backup, RecoveryPoints.needs)");
        }
        return List.of();
    }

    // ---- refusals

    private void refuseLostSlots(Tip tip) throws IOException {
        Optional<String> lost = writer.lostSlots(tip);
        if (lost.isPresent()) {
            throw refused(Reason.LOST_SLOTS, lost.get() + "; put the slots back");
        }
    }

    private void refuseClock(Tip tip, Proof proof) {
        @Nullable CareRecord last = tip.record();
        Instant care = last == null ? Instant.MIN : last.written();
        Instant slot = proof.tip() == null ? Instant.MIN : proof.tip().written();
        Instant newest = care.isAfter(slot) ? care : slot;
        if (newest.isAfter(clock.instant().plus(CLOCK_TOLERANCE))) {
            throw refused(
                    Reason.CLOCK,
                    "the newest slot or care record was written at " + newest + "; the clock of this machine is at "
                            + clock.instant() + "; correct the clock that is wrong. If the written time is wrong,"
                            + " retention continues when this clock has reached it");
        }
    }

    private Mark verified(CareState state) {
        @Nullable Mark content = state.verified().get(CONTENT);
        String next = "; run `verify --level content --record`";
        if (content == null) {
            throw refused(Reason.NOTHING_VERIFIED, "no verification by content is recorded, or it found damage" + next);
        }
        if (content.checked().isBefore(clock.instant().minus(options.verifiedWithin()))) {
            throw refused(
                    Reason.NOTHING_VERIFIED,
                    "the newest verification by content was at " + content.checked() + "; expected one within "
                            + options.verifiedWithin().toDays() + " days" + next);
        }
        return content;
    }

    /**
     * The objects that replace what goes were verified, perhaps weeks ago: they must still be there. The list is older than the
     * proof, and an object that was archived between them is not in it.
     */
    private void refuseMissing(View view, Cut cut) throws IOException {
        for (String key : Removable.missing(cut, view.proof, view.objects)) {
            if (retries.call(() -> store.head(key)).isEmpty()) {
                throw refused(Reason.MISSING_OBJECT, key + " is missing; put it back from a version or a copy");
            }
        }
    }

    private void refuseTooMuch(View view, Removable gone) {
        List<Segment> present = view.proof.segments().stream()
                .filter(segment ->
                        segment.number() >= view.state().floor().cut().segment())
                .toList();
        long bytes = present.stream().mapToLong(Segment::objectBytes).sum();
        boolean tooMuch = gone.segments() > present.size() / LARGEST_SHARE || gone.bytes() > bytes / LARGEST_SHARE;
        if (tooMuch && options.accepted() != gone.keys().size()) {
            throw refused(
                    Reason.TOO_MUCH,
                    "the plan would retire " + gone.segments() + " of " + present.size() + " segments, " + gone.bytes()
                            + " of " + bytes + " bytes, which is more than a fifth; if that is right, accept "
                            + gone.keys().size() + " objects (--yes "
                            + gone.keys().size() + ")");
        }
    }

    private ArchiveCareException refused(Reason reason, String why) {
        return new ArchiveCareException(reason, store.describe() + ": " + why);
    }

    // ---- plan

    /** Puts a plan if something may go and no plan is open. Deletes nothing. */
    public ArchiveRetentionReport plan() throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            View view = look();
            @Nullable Plan open = view.state().plan();
            if (open != null) {
                return report(view, open, isDue(open) ? Outcome.DUE : Outcome.PLANNED);
            }
            RetentionTarget target = target(view);
            if (target.cut() == null) {
                return new ArchiveRetentionReport(
                        Outcome.NOTHING,
                        0,
                        view.state().floor().cut().sequence(),
                        0,
                        0,
                        0,
                        0,
                        0,
                        Optional.empty(),
                        target.limits(),
                        findings(view));
            }
            refuseMissing(view, target.cut());
            Removable gone = Removable.below(target.cut(), view.proof, view.objects);
            refuseTooMuch(view, gone);
            Instant due = clock.instant().truncatedTo(ChronoUnit.MILLIS).plus(options.grace());
            Plan plan =
                    new Plan(view.tip.number() + 1, target.cut(), gone.keys().size(), gone.bytes(), gone.sha256(), due);
            Optional<CareRecord> put =
                    writer.putAfter(view.tip, Kind.PLAN, view.state().planned(plan));
            if (put.isPresent()) {
                View planned = new View(view.tip, view.proof, view.objects, view.needs);
                return report(planned, plan, isDue(plan) ? Outcome.DUE : Outcome.PLANNED);
            }
        }
        throw busy();
    }

    private RetentionTarget target(View view) {
        Mark content = verified(view.state());
        return RetentionTarget.of(view.proof, view.state(), view.needs, options, content, clock.instant());
    }

    private boolean isDue(Plan plan) {
        return !clock.instant().isBefore(plan.due());
    }

    private IOException busy() {
        return new IOException(
                store.describe() + ": other processes put " + ATTEMPTS + " care records meanwhile; run it again");
    }

    // ---- apply

    /** Completes a deletion that was begun, or applies a plan whose grace has ended, or makes a plan. */
    public ArchiveRetentionReport apply() throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            View view = look();
            @Nullable Plan plan = view.state().plan();
            if (plan == null) {
                ArchiveRetentionReport made = plan();
                if (made.outcome() != Outcome.DUE) {
                    return made;
                }
                continue;
            }
            if (view.state().delete() > 0) {
                return finish(view, plan);
            }
            if (!isDue(plan)) {
                return report(view, plan, Outcome.PLANNED);
            }
            Cut target = target(view).cut();
            if (target == null) {
                if (writer.putAfter(view.tip, Kind.DONE, view.state().done()).isPresent()) {
                    return report(view, plan, Outcome.CLOSED);
                }
                continue;
            }
            Cut cut = target.segment() < plan.cut().segment() ? target : plan.cut();
            refuseMissing(view, cut);
            CareState deleted = view.state().deleted(Removable.floor(view.tip.number() + 1, cut, view.proof));
            Optional<CareRecord> put = writer.putAfter(view.tip, Kind.DELETE, deleted);
            if (put.isPresent()) {
                Tip tip = writer.chain()
                        .read(put.get().number())
                        .orElseThrow(() -> new BadObjectException(
                                store.describe() + ": care record " + put.get().number() + " was put and is missing"));
                return finish(new View(tip, view.proof, view.objects, view.needs), plan);
            }
        }
        throw busy();
    }

    /** Deletes what is below the floor of an open DELETE, and closes it. Another janitor may do the same meanwhile. */
    private ArchiveRetentionReport finish(View view, Plan plan) throws IOException {
        CareState.Floor floor = view.state().floor();
        Removable gone = Removable.below(floor.cut(), view.proof, view.objects);
        delete(store, retries, gone.keys());
        RetiredIndexes.delete(store, retries, identity.prefix(), floor.cut().segment());
        Tip tip = view.tip;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            boolean isClosed = tip.state().delete() != floor.record();
            if (isClosed || writer.putAfter(tip, Kind.DONE, tip.state().done()).isPresent()) {
                return report(view, gone, floor.cut(), plan, Outcome.DELETED, Optional.empty());
            }
            tip = writer.chain().tip();
        }
        throw busy();
    }

    /** Deletes objects. Keys that the store refuses, such as locked ones, do not keep the other batches from being deleted. */
    static void delete(ObjectStore store, Retries retries, List<String> keys) throws IOException {
        @Nullable IOException failure = null;
        for (int from = 0; from < keys.size(); from += DELETE_BATCH) {
            List<String> batch = keys.subList(from, Math.min(keys.size(), from + DELETE_BATCH));
            try {
                retries.call(() -> {
                    store.delete(batch);
                    return true;
                });
            } catch (StoreUnavailableException e) {
                throw e;
            } catch (StoreException e) {
                failure = failure == null ? e : failure;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** The needs that retention cannot keep any more, as it has retired some of their records before they were known. */
    private static List<String> findings(View view) {
        CareState.Floor floor = view.state().floor();
        return view.needs.stream()
                .filter(need -> need.firstSequence() < floor.cut().sequence())
                .map(need -> need.what() + " cannot be rolled forward any more: it needs the log from record "
                        + need.firstSequence() + " on, and the records before "
                        + floor.cut().sequence() + " were retired by care record " + floor.record())
                .toList();
    }

    // ---- reports

    private ArchiveRetentionReport report(View view, Plan plan, Outcome outcome) {
        boolean deleting = view.state().delete() > 0;
        Cut cut = deleting ? view.state().floor().cut() : plan.cut();
        boolean closed = outcome == Outcome.CLOSED;
        return report(
                view,
                Removable.below(closed ? view.state().floor().cut() : cut, view.proof, view.objects),
                cut,
                plan,
                deleting ? Outcome.DELETING : outcome,
                closed ? Optional.empty() : Optional.of(plan.due()));
    }

    private ArchiveRetentionReport report(
            View view, Removable gone, Cut cut, Plan plan, Outcome outcome, Optional<Instant> due) {
        List<Segment> going = view.proof.segments().stream()
                .filter(segment -> segment.number() < cut.segment()
                        && segment.objectKeys().stream().anyMatch(view.objects::containsKey))
                .toList();
        return new ArchiveRetentionReport(
                outcome,
                plan.record(),
                outcome == Outcome.CLOSED ? view.state().floor().cut().sequence() : cut.sequence(),
                gone.segments(),
                gone.keys().size(),
                gone.bytes(),
                going.stream().mapToLong(Segment::minTimestampNanos).min().orElse(0),
                going.stream().mapToLong(Segment::maxTimestampNanos).max().orElse(0),
                due,
                limits(view),
                findings(view));
    }

    private List<ArchiveRetentionReport.Limit> limits(View view) {
        @Nullable Mark content = view.state().verified().get(CONTENT);
        return content == null
                ? List.of()
                : RetentionTarget.of(view.proof, view.state(), view.needs, options, content, clock.instant())
                        .limits();
    }
}
