package io.veloz.wal.backup;

import java.time.Instant;
import java.util.EnumSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** What a recovery brings back, and from which point. Immutable. Every setter returns a modified copy. */
public final class RecoveryOptions {
    private Set<Kind> kinds;
    private Optional<String> logUri = Optional.empty();
    private Map<String, String> storeSettings = Map.of();
    private Optional<Long> point = Optional.empty();
    private Optional<Instant> untilTime = Optional.empty();
    private boolean logToThePoint;
    private boolean discardLocalLog;
    private boolean createRoles;
    private boolean setAsideChanges;
    private boolean withoutDatabase;
    private boolean engineIsDown;
    private boolean start;
    private boolean goLive;

    private RecoveryOptions(Set<Kind> kinds) {
        this.kinds = EnumSet.noneOf(Kind.class);
        this.kinds.addAll(kinds);
    }

    private RecoveryOptions(RecoveryOptions other) {
        this.kinds = other.kinds;
        this.logUri = other.logUri;
        this.storeSettings = other.storeSettings;
        this.point = other.point;
        this.untilTime = other.untilTime;
        this.logToThePoint = other.logToThePoint;
        this.discardLocalLog = other.discardLocalLog;
        this.createRoles = other.createRoles;
        this.setAsideChanges = other.setAsideChanges;
        this.withoutDatabase = other.withoutDatabase;
        this.engineIsDown = other.engineIsDown;
        this.start = other.start;
        this.goLive = other.goLive;
    }

    /** Recovers these kinds from the newest recovery point, and not the log. */
    public static RecoveryOptions of(Set<Kind> kinds) {
        return new RecoveryOptions(kinds);
    }

    /** Recovers only the log. */
    public static RecoveryOptions ofLog(String uri, Map<String, String> storeSettings) {
        return new RecoveryOptions(Set.of()).log(uri, storeSettings);
    }

    /**
     * Also restores the order log from its archive, up to its end. If the log in the engine's directory has records after
     * that, the restored log gets them, too. The log that was in the directory is set aside in both cases. The recovery is
     * refused if the two have different records with the same sequences; see {@link #discardLocalLog}.
     *
     * @param uri of the archive: the one that the recovery points are in
     * @param settings of the store, by the names that it uses: endpoint, region. They may contain secrets
     */
    public RecoveryOptions log(String uri, Map<String, String> settings) {
        RecoveryOptions copy = new RecoveryOptions(this);
        copy.logUri = Optional.of(uri);
        copy.storeSettings = Map.copyOf(settings);
        return copy;
    }

    /** Uses the recovery point with this number instead of the newest one. */
    public RecoveryOptions point(long number) {
        RecoveryOptions copy = new RecoveryOptions(this);
        copy.point = Optional.of(number);
        return copy;
    }

    /** Uses the newest recovery point that was made at this time or before. */
    public RecoveryOptions untilTime(Instant time) {
        RecoveryOptions copy = new RecoveryOptions(this);
        copy.untilTime = Optional.of(Objects.requireNonNull(time, "time"));
        return copy;
    }

    /**
     * Ends the log with the last record that the point needs, and gives up all later ones. The result is a new log, which has
     * to be shipped to a new archive.
     */
    public RecoveryOptions logToThePoint() {
        RecoveryOptions copy = new RecoveryOptions(this);
        copy.logToThePoint = true;
        return copy;
    }

    /**
     * Restores only what is archived, even if the log in the engine's directory has records after that, has different ones,
     * or is another log. It is set aside.
     */
    public RecoveryOptions discardLocalLog() {
        RecoveryOptions copy = new RecoveryOptions(this);
        copy.discardLocalLog = true;
        return copy;
    }

    /** Creates roles of the database that do not exist, without passwords, instead of refusing. */
    public RecoveryOptions createRoles() {
        RecoveryOptions copy = new RecoveryOptions(this);
        copy.createRoles = true;
        return copy;
    }

    /** Rolls back although the engine has written since the recovery. What it wrote is set aside, and not lost. */
    public RecoveryOptions setAsideChanges() {
        RecoveryOptions copy = new RecoveryOptions(this);
        copy.setAsideChanges = true;
        return copy;
    }

    /**
     * Resumes, rolls back or cleans up without the database, because its server or one of its databases is lost. They stay as
     * they are.
     */
    public RecoveryOptions withoutDatabase() {
        RecoveryOptions copy = new RecoveryOptions(this);
        copy.withoutDatabase = true;
        return copy;
    }

    /**
     * Continues although it is not known whether the engine runs, because its URL or its unit cannot be examined: the caller
     * knows that it is down. An engine that is found to run is refused as before.
     */
    public RecoveryOptions engineIsDown() {
        RecoveryOptions copy = new RecoveryOptions(this);
        copy.engineIsDown = true;
        return copy;
    }

    /** Starts the engine by the command of the profile when everything is in place, and compares its state. */
    public RecoveryOptions start() {
        RecoveryOptions copy = new RecoveryOptions(this);
        copy.start = true;
        return copy;
    }

    /** Also makes the engine accept orders when its state was compared. */
    public RecoveryOptions goLive() {
        RecoveryOptions copy = start();
        copy.goLive = true;
        return copy;
    }

    public Set<Kind> kinds() {
        return Set.copyOf(kinds);
    }

    /** Returns the URI of the archive that the log is restored from; empty if it is not restored. */
    public Optional<String> logUri() {
        return logUri;
    }

    Map<String, String> storeSettings() {
        return storeSettings;
    }

    Optional<Long> point() {
        return point;
    }

    Optional<Instant> untilTime() {
        return untilTime;
    }

    boolean isLogToThePoint() {
        return logToThePoint;
    }

    boolean discardsLocalLog() {
        return discardLocalLog;
    }

    boolean createsRoles() {
        return createRoles;
    }

    boolean setsChangesAside() {
        return setAsideChanges;
    }

    boolean leavesDatabase() {
        return withoutDatabase;
    }

    boolean knowsEngineDown() {
        return engineIsDown;
    }

    boolean starts() {
        return start;
    }

    boolean goesLive() {
        return goLive;
    }

    @Override
    public String toString() {
        // Without the settings of the store, which may contain secrets.
        return "RecoveryOptions[kinds=" + kinds + ", log=" + logUri.orElse("no") + ", point="
                + point.map(String::valueOf).orElse("newest") + ", untilTime=" + untilTime + ", start=" + start
                + ", goLive="
                + goLive + "]";
    }
}
