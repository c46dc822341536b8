package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalException;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveCare;
import io.veloz.wal.archive.ArchiveComparison.Relation;
import io.veloz.wal.archive.ArchiveTakeOver;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.RecoveryPoint;
import io.veloz.wal.backup.internal.place.Places;
import io.veloz.wal.backup.internal.place.Rename;
import io.veloz.wal.backup.internal.place.StateDirectory;
import io.veloz.wal.backup.internal.place.Step;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.orders.OrderReplay;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestorePlan;
import io.veloz.wal.restore.RestoreProgress;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The order log. It is restored from its archive next to its directory. If the directory has a log with records that are not
 * archived, the archive is merged with a copy of it, so that these records are kept.
 */
public final class LogPart implements Part {
    private final Request request;
    private final EngineSettings engine;
    private final LocalLog local;
    private final ObjectStore store;
    private final RecoveryPoint point;
    private final Path staged;
    private final Path kept;
    private final List<String> notes = new ArrayList<>();
    private Map<String, String> before = Map.of();
    private @Nullable Relation planned;
    private boolean damaged;
    private @Nullable RestoreReport restored;
    private @Nullable Replayed replayed;

    /**
     * What is requested.
     *
     * @param uri of the archive
     * @param storeSettings of the archive's store
     * @param toThePoint whether the log ends with the last record that the point needs, as a new log; otherwise it is
     *     restored to its end
     * @param discardLocal whether records that exist only in the directory are set aside
     * @param rollFrom the record from which on the database needs the log; empty if it needs none
     */
    public record Request(
            String uri,
            Map<String, String> storeSettings,
            boolean toThePoint,
            boolean discardLocal,
            OptionalLong rollFrom,
            RestoreProgress progress) {}

    /**
     * The state that the engine must have after it has replayed the log.
     *
     * @param lastTimestampNanos of the last record; 0 if the log has none
     */
    public record Replayed(OrderReplay orders, long lastSequence, long lastTimestampNanos) {
        /** Returns the time of the last record; empty if the log has none. */
        public Optional<Instant> lastRecord() {
            return lastTimestampNanos == 0
                    ? Optional.empty()
                    : Optional.of(Instant.ofEpochSecond(0, lastTimestampNanos));
        }
    }

    /**
     * Creates the part.
     *
     * @param locks of the recovery; none for a plan
     */
    public LogPart(Request request, EngineSettings engine, ObjectStore store, RecoveryPoint point, LogLocks locks) {
        this.request = request;
        this.engine = engine;
        this.local = new LocalLog(engine, locks);
        this.store = store;
        this.point = point;
        Path directory = engine.logDirectory();
        this.staged = Places.stagingOf(directory, point.number());
        this.kept = Places.keptOf(directory, point.number());
    }

    @Override
    public String name() {
        return "log";
    }

    @Override
    public List<String> describe() throws IOException {
        RestorePlan plan = plan();
        LocalLog.State state = compare();
        planned = state.relation();
        requireSameLog(planned);
        noteDamage(state);
        List<String> lines = new ArrayList<>();
        lines.add("restore records " + plan.firstSequence() + " to " + plan.lastSequence() + " of log " + plan.logId()
                + ", " + plan.fileBytes() + " bytes, in " + staged);
        if (state.mayHaveMore()) {
            lines.add(
                    isDecided()
                            ? "set aside the records of " + engine.logDirectory() + " that are not archived"
                            : "keep the records of " + engine.logDirectory() + " that are not archived");
        }
        if (planned == Relation.DIVERGED && !isDecided()) {
            notes.add(engine.logDirectory() + " and the archive may have different records: if they do, the recovery is"
                    + " refused before anything in place changes, unless the local log is discarded (set aside)");
        }
        if (compares(state)) {
            lines.add("compare the records of " + engine.logDirectory()
                    + " with those restored, and refuse to replace it" + " if one differs");
        }
        noteRetired(plan);
        if (merges(state)) {
            noteTrimmed();
        }
        if (local.exists()) {
            lines.add("keep what is in " + engine.logDirectory() + " as " + kept);
        }
        lines.add("put " + engine.logDirectory() + " in place"
                + (local.exists()
                        ? ""
                        : ", with the owner of " + engine.logDirectory().getParent()));
        if (plan.newLog()) {
            lines.add("the log becomes a new one: the engine must ship it to a new archive");
        } else if (plan.epoch() > 0) {
            lines.add("let the engine in " + engine.logDirectory() + " take over the archive from epoch " + plan.epoch()
                    + " when it starts; from then on no shipper of another directory continues");
        }
        return lines;
    }

    /** Returns the plan of the restore, which proves the archive. */
    public RestorePlan plan() {
        try {
            return WalRecovery.planRestore(request.uri(), options());
        } catch (WalRestoreException e) {
            throw translate(e);
        }
    }

    private RestoreOptions options() {
        RestoreOptions options =
                RestoreOptions.into(staged).expectedLogId(point.logId()).progress(request.progress());
        for (Map.Entry<String, String> setting : request.storeSettings().entrySet()) {
            options = options.storeSetting(setting.getKey(), setting.getValue());
        }
        if (request.toThePoint()) {
            return options.untilSequence(Math.max(1, point.upTo()));
        }
        return point.upTo() > 0 ? options.atLeast(point.upTo()) : options;
    }

    private LocalLog.State compare() throws IOException {
        try {
            return local.compare(store);
        } catch (WalRestoreException e) {
            if (e.reason() != WalRestoreException.Reason.RETIRED) {
                throw translate(e);
            }
            if (isDecided()) {
                return new LocalLog.State(Relation.DIVERGED, Optional.empty());
            }
            throw new RecoveryException(
                    Reason.LOG_DIVERGED,
                    "log: " + e.getMessage() + ". If the archive is right, discard the local log explicitly (it is set"
                            + " aside)",
                    e);
        } catch (WalException e) {
            if (isDecided()) {
                return new LocalLog.State(Relation.DIVERGED, Optional.of(String.valueOf(e.getMessage())));
            }
            throw new RecoveryException(
                    Reason.LOG_DIVERGED,
                    "the log in " + local.directory() + " cannot be compared with the archive: " + e.getMessage()
                            + ". Correct that, or discard the local log explicitly (it is set aside)",
                    e);
        }
    }

    /** Returns whether the local log is set aside on request, whatever it contains. */
    private boolean isDecided() {
        return request.discardLocal() || request.toThePoint();
    }

    /** Returns how the local log related to the archive; empty before {@link #describe}. */
    public Optional<Relation> described() {
        return Optional.ofNullable(planned);
    }

    /** Refuses to stage if the local log does not relate to the archive as a plan described it. */
    public void expect(Relation relation) {
        planned = relation;
    }

    private void requirePlanned(Relation relation) {
        if (planned != null && planned != relation) {
            throw new RecoveryException(
                    Reason.PLAN_OUTDATED,
                    "the log in " + local.directory() + " was " + planned
                            + " to the archive when the recovery was planned, and is " + relation
                            + " now: plan again");
        }
    }

    // ---- stage

    @Override
    public List<String> stagingNames() {
        return List.of(staged.toString());
    }

    @Override
    public void prepare() throws IOException {
        Path parent = Objects.requireNonNull(staged.getParent());
        if (!Files.isDirectory(parent) || !Files.isWritable(parent)) {
            throw unusable(
                    parent + " does not exist or cannot be written by this user: create it, with the owner and mode"
                            + " that it should have");
        }
        if (exists(kept)) {
            throw unusable(kept + " exists: it was kept by an earlier recovery; move it away");
        }
        Places.requireMovable(engine.logDirectory());
        Places.requireFree(staged);
    }

    private static RecoveryException unusable(String what) {
        return new RecoveryException(Reason.PLACE_UNUSABLE, what);
    }

    @Override
    public void stage() throws IOException {
        before = local.sizesAndTimes();
        LocalLog.State state = compare();
        requirePlanned(state.relation());
        requireSameLog(state.relation());
        noteDamage(state);
        boolean merge = merges(state);
        if (merge) {
            local.copyTo(staged);
        }
        try {
            RestoreOptions options = options();
            RestoreReport report = WalRecovery.restoreFrom(request.uri(), merge ? options.merge() : options);
            notes.addAll(report.notes());
            restored = report;
        } catch (WalRestoreException e) {
            throw translate(e);
        }
        if (compares(state)) {
            local.requireSameRecords(ReadOptions.of(staged).prefix(engine.logPrefix()));
        }
        StateDirectory.force(Objects.requireNonNull(staged.getParent()));
    }

    /** The local log is needed only if it may have records that are not archived. A trimmed one would shorten the result. */
    private boolean merges(LocalLog.State state) {
        return state.mayHaveMore() && !isDecided();
    }

    /** A comparison with the archive alone does not read the records after the last object that the log has in full. */
    private boolean compares(LocalLog.State state) {
        return state.relation() == Relation.BEHIND && !isDecided();
    }

    private void noteDamage(LocalLog.State state) {
        damaged = state.damage().isPresent();
        state.damage()
                .ifPresent(found -> notes.add("the log in " + local.directory() + " is damaged (" + found + ")"
                        + (isDecided()
                                ? ": it is kept as " + kept
                                : ": only what is intact in it is used, so records that are not archived may exist only"
                                        + " in what is kept as " + kept
                                        + ". After the recovery read that with `veloz-wal"
                                        + " salvage " + kept
                                        + " NEW_DIR`, and move it away: a clean-up is refused before")));
    }

    /** Returns whether a damaged log is set aside, without a decision that it is not needed. */
    public boolean leavesDamagedLog() {
        return damaged && !isDecided();
    }

    private void noteRetired(RestorePlan plan) {
        if (request.rollFrom().isPresent()) {
            long from = request.rollFrom().getAsLong();
            Gate gate = beginsEarlyEnough(plan.firstSequence(), plan.lastSequence(), from);
            if (!gate.passed()) {
                notes.add(
                        "the recovery will be refused: " + explained(gate, from).detail());
            }
        }
    }

    private void noteTrimmed() throws IOException {
        if (request.rollFrom().isEmpty()) {
            return;
        }
        try {
            var found = local.inspect();
            Gate gate = beginsEarlyEnough(
                    found.firstSequence(),
                    found.lastSequence(),
                    request.rollFrom().getAsLong());
            if (!gate.passed()) {
                notes.add("the recovery will be refused: " + gate.detail());
            }
        } catch (WalException e) {
            notes.add("the log in " + engine.logDirectory() + " cannot be read whole: " + e.getMessage());
        }
    }

    private void requireSameLog(Relation relation) {
        if (relation == Relation.OTHER_LOG && !request.discardLocal()) {
            throw new RecoveryException(
                    Reason.LOG_DIVERGED,
                    engine.logDirectory() + " has another log than the archive: discard the local log explicitly"
                            + " (it is set aside), or correct the profile");
        }
    }

    /** The log belongs to the engine's user, also if the recovery runs as root, and its directory keeps its mode. */
    private void takeOwner() throws IOException {
        boolean exists = local.exists();
        Path model = exists ? engine.logDirectory() : Objects.requireNonNull(staged.getParent());
        Object uid = Files.getAttribute(model, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        Object gid = Files.getAttribute(model, "unix:gid", LinkOption.NOFOLLOW_LINKS);
        try (var tree = Files.walk(staged)) {
            for (Path path : (Iterable<Path>) tree::iterator) {
                setIfDifferent(path, "unix:uid", uid);
                setIfDifferent(path, "unix:gid", gid);
            }
        } catch (FileSystemException e) {
            notes.add("the restored log does not have the owner of " + model + " (" + uid + ":" + gid
                    + "), because this user may not set it: set it before the engine is started");
        }
        if (exists) {
            Files.setPosixFilePermissions(staged, Files.getPosixFilePermissions(model));
        }
    }

    private static void setIfDifferent(Path path, String attribute, Object value) throws IOException {
        if (!value.equals(Files.getAttribute(path, attribute, LinkOption.NOFOLLOW_LINKS))) {
            Files.setAttribute(path, attribute, value, LinkOption.NOFOLLOW_LINKS);
        }
    }

    private RecoveryException translate(WalRestoreException e) {
        Reason reason = switch (e.reason()) {
            case DIVERGED -> Reason.LOG_DIVERGED;
            case NO_SPACE -> Reason.NO_SPACE;
            case KEY_MISSING -> Reason.KEY_MISSING;
            case TARGET_NOT_EMPTY, TARGET_UNUSABLE -> Reason.PLACE_UNUSABLE;
            default -> Reason.LOG_BEHIND;
        };
        return new RecoveryException(reason, "log: " + e.getMessage(), e);
    }

    // ---- gates

    @Override
    public List<Gate> gates() {
        RestoreReport report = Objects.requireNonNull(restored, "staged before");
        List<Gate> gates = new ArrayList<>();
        gates.add(new Gate(
                "the log reaches the recovery point",
                report.lastSequence() >= point.upTo(),
                "it ends with record " + report.lastSequence() + "; the point needs " + point.upTo()));
        if (request.rollFrom().isPresent()) {
            long from = request.rollFrom().getAsLong();
            Gate gate = beginsEarlyEnough(report.firstSequence(), report.lastSequence(), from);
            gates.add(gate.passed() ? gate : explained(gate, from));
        }
        gates.add(replayGate());
        return gates;
    }

    /** Compares the begin of a log with the first record that the database lacks. */
    static Gate beginsEarlyEnough(long first, long last, long from) {
        boolean passed = first <= from || last < from;
        return new Gate(
                "the log begins early enough to bring the database up to date",
                passed,
                "it begins with record " + first + "; the database needs " + from + " and those after it"
                        + (passed
                                ? ""
                                : ". The log in place was trimmed. If all of it is archived, restore the log with the database; if"
                                        + " not, let the engine ship it first, or discard the local log explicitly"));
    }

    private Gate explained(Gate gate, long from) {
        ArchiveCare care = ArchiveCare.of(store);
        return explained(gate, from, care.firstSequence(), care.retiredBy());
    }

    /** If the archive has retired what is missing, no command restores the log from there on. */
    static Gate explained(Gate gate, long from, long firstInArchive, long retiredBy) {
        if (firstInArchive <= from) {
            return gate;
        }
        return new Gate(
                gate.name(),
                false,
                "the database needs the log from record " + from
                        + " on, and the archive has retired the records before "
                        + firstInArchive + " (care record " + retiredBy
                        + "). Recover a later point (see `points`); or set database.roll-forward = false in the profile, which"
                        + " recovers the database as it was dumped");
    }

    private Gate replayGate() {
        String what = "the log replays";
        try {
            Replayed result = replay(ReadOptions.of(staged).prefix(engine.logPrefix()));
            long last = Objects.requireNonNull(restored, "staged before").lastSequence();
            if (result.lastSequence() != Math.max(0, last)) {
                return new Gate(
                        what,
                        false,
                        "with the prefix " + engine.logPrefix() + " of the profile it ends with record "
                                + result.lastSequence() + "; it was restored up to record " + last);
            }
            replayed = result;
            return new Gate(
                    what, true, result.orders().store().count() + " orders after record " + result.lastSequence());
        } catch (WalException e) {
            return new Gate(what, false, String.valueOf(e.getMessage()));
        }
    }

    /** Reads every record of the log in place, and replays its orders. */
    public static Replayed replay(EngineSettings engine) {
        return replay(ReadOptions.of(engine.logDirectory()).prefix(engine.logPrefix()));
    }

    /** Reads every record of a log, and replays its orders. */
    public static Replayed replay(ReadOptions options) {
        var report = WalRecovery.verify(options, (done, total) -> {});
        long lastTimestamp = report.segments().stream()
                .mapToLong(segment -> segment.maxTimestampNanos())
                .max()
                .orElse(0);
        return new Replayed(OrderReplay.read(options), Math.max(0, report.lastSequence()), lastTimestamp);
    }

    /** Returns the last complete record of the log in place; 0 if it is empty. */
    public static long lastSequence(EngineSettings engine) {
        return lastSequence(engine.logDirectory(), engine.logPrefix());
    }

    /** Returns the last complete record of a log; 0 if it is empty. */
    public static long lastSequence(Path directory, String prefix) {
        return Math.max(0, WalRecovery.lastSequence(ReadOptions.of(directory).prefix(prefix)));
    }

    /** Returns the replayed log; empty before {@link #gates}. */
    public Optional<Replayed> replayed() {
        return Optional.ofNullable(replayed);
    }

    // ---- switch

    /**
     * Records in the staged log that it continues the archive: the person who runs a recovery has decided that. A log that
     * ends at the point is a new one, which ships to a new archive.
     */
    @Override
    public void beforeSwitch() throws IOException {
        RestorePlan plan = Objects.requireNonNull(restored, "staged before").plan();
        if (!plan.newLog() && plan.epoch() > 0) {
            LogFiles files = LogFiles.of(DiskStorage.open(staged), engine.logPrefix());
            ArchiveTakeOver.permit(store, files, plan.epoch());
        }
        takeOwner();
    }

    /** A directory that does not exist cannot be locked: an engine may have made it, and a log in it, since then. */
    private void requireUnchanged() throws IOException {
        if (!local.sizesAndTimes().equals(before)) {
            throw new RecoveryException(
                    Reason.ENGINE_RUNS,
                    "a process has written to " + engine.logDirectory()
                            + " while the log was staged: stop the engine, and run this again");
        }
    }

    @Override
    public List<Step> steps() throws IOException {
        requireUnchanged();
        List<Step> steps = new ArrayList<>();
        if (local.exists()) {
            steps.add(Rename.of(engine.logDirectory(), kept));
        }
        steps.add(Rename.of(staged, engine.logDirectory()));
        return steps;
    }

    private static boolean exists(Path path) {
        return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    }

    @Override
    public List<String> findings() {
        return List.copyOf(notes);
    }
}
