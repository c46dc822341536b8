package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * Puts a staged database in place of the live one, and back, by two renames in one transaction. Before it, both databases are
 * closed for new sessions and their sessions are ended; the transaction also opens the database that is in place after it.
 * The kept database stays closed, so no client works on it by mistake. It belongs to one thread; an advisory lock excludes
 * another process, and waits for a session that a killed process left.
 *
 * <p>{@link #swap} and {@link #swapBack} can be cut anywhere and called again, in the same direction or the other one:
 *
 * <table>
 * <caption>Crashes</caption>
 * <tr><th>cut</th><th>state</th><th>{@code swap} again</th><th>{@code swapBack}</th></tr>
 * <tr><td>before the live database is closed</td><td>nothing changed</td><td>from the start</td><td>nothing to do</td></tr>
 * <tr><td>live database closed, sessions ended or not</td><td>live database under its name, closed</td><td>from the
 * start</td><td>opens it</td></tr>
 * <tr><td>in the transaction, before its commit</td><td>the same: the server rolls back</td><td>from the start</td>
 * <td>opens it</td></tr>
 * <tr><td>commit sent, answer lost</td><td>one of the two</td><td>reads which</td><td>reads which</td></tr>
 * <tr><td>after the commit</td><td>swapped and open</td><td>nothing to do</td><td>the reverse, in the same way</td></tr>
 * </table>
 *
 * <p>The names alone do not tell the state: a staged database that was dropped leaves the names of one that was renamed. So the
 * databases are identified by their OIDs, which a rename does not change and which are recorded before the first change. Every
 * other combination of names and OIDs is refused. If there was no live database, or it was dropped since, one rename is
 * enough. Swapping back leaves none if there was none, and is refused if the one from before is lost.
 */
public final class DatabaseSwap {
    /** One backend ends within this time, or the swap fails and can be repeated. */
    private static final Duration TERMINATION = Duration.ofSeconds(20);

    private final DatabaseSettings settings;
    private final DatabaseNames names;
    private final Oids oids;
    private final PsqlSession.Hook hook;

    /**
     * The two databases that change their names.
     *
     * @param server identifies the cluster: {@code pg_control_system()}
     * @param live 0 if there was no live database
     */
    public record Oids(long server, long staged, long live) {}

    public DatabaseSwap(DatabaseSettings settings, DatabaseNames names, Oids oids) {
        this(settings, names, oids, PsqlSession.Hook.NONE);
    }

    DatabaseSwap(DatabaseSettings settings, DatabaseNames names, Oids oids, PsqlSession.Hook hook) {
        this.settings = settings;
        this.names = names;
        this.oids = oids;
        this.hook = hook;
    }

    /**
     * Returns the databases of a swap that is not done.
     *
     * @param own the one that this run has staged
     * @throws RecoveryException PLACE_UNUSABLE if the staged database does not exist or is another one, or a database has the name of the kept one
     * @throws IOException if the server cannot be reached; try again
     */
    public static Oids oids(DatabaseSettings settings, DatabaseNames names, StagedDatabase own) throws IOException {
        DatabaseSwap swap = new DatabaseSwap(settings, names, new Oids(0, 0, 0));
        return swap.connected(session -> {
            States states = swap.states(session);
            DatabaseState staged = swap.requireStaged(states);
            long server = DatabaseState.server(session);
            if (server != own.server() || !staged.isStagedBy(own.token())) {
                throw swap.unexpected(states, names.staged() + " is not the one that this recovery has staged");
            }
            return new Oids(
                    server, staged.oid(), states.live().map(DatabaseState::oid).orElse(0L));
        });
    }

    /** The databases of the three names, as the catalog shows them. */
    private record States(Optional<DatabaseState> live, Optional<DatabaseState> staged, Optional<DatabaseState> kept) {
        static long oid(Optional<DatabaseState> database) {
            return database.map(DatabaseState::oid).orElse(0L);
        }

        @Override
        public String toString() {
            return "live " + text(live) + ", staged " + text(staged) + ", kept " + text(kept);
        }

        private static String text(Optional<DatabaseState> database) {
            return database.map(each -> "exists with OID " + each.oid()).orElse("missing");
        }
    }

    private interface Step<T> {
        T run(PsqlSession session) throws IOException;
    }

    /**
     * Returns whether the swap is done; every state that is neither before nor after it is refused. The database that was live
     * may be lost, before the swap or after it: that prevents the way back, and not the swap.
     */
    private boolean isSwapped(PsqlSession session, States states) throws IOException {
        requireServer(session);
        long live = States.oid(states.live());
        long staged = States.oid(states.staged());
        long kept = States.oid(states.kept());
        if (staged == oids.staged() && (live == oids.live() || (live == 0 && kept == 0))) {
            return false;
        }
        if (live == oids.staged() && staged == 0 && (kept == oids.live() || kept == 0)) {
            return true;
        }
        throw unexpected(states);
    }

    private void requireServer(PsqlSession session) throws IOException {
        long server = DatabaseState.server(session);
        if (server != oids.server()) {
            throw new RecoveryException(
                    Reason.PLACE_UNUSABLE,
                    "database " + names.live() + " is on server " + server + "; the recovery began on server "
                            + oids.server()
                            + ": correct the profile, or leave the database out if that server is lost");
        }
    }

    private RecoveryException unexpected(States states) {
        return unexpected(
                states,
                "its databases are neither those before nor those after the switch, which has the OIDs " + oids.staged()
                        + " (staged) and " + oids.live()
                        + " (live); another program has renamed, dropped or created one. Give them their names, or leave"
                        + " the database out if one is lost");
    }

    /** What takes the swap back. */
    private enum Back {
        NOTHING,
        OPEN_LIVE,
        REVERSE,
        RENAME_KEPT
    }

    /**
     * Returns what takes the swap back. Only the database that was live before must exist: the staged one may have been
     * dropped, before the swap or after it.
     */
    private Back back(PsqlSession session, States states) throws IOException {
        requireServer(session);
        long live = States.oid(states.live());
        long kept = States.oid(states.kept());
        if (live == oids.live()) {
            return live == 0 ? Back.NOTHING : Back.OPEN_LIVE;
        }
        boolean keptIsOld = kept == oids.live();
        if (keptIsOld && states.kept().isPresent() && !states.kept().get().isKept()) {
            throw unexpected(states, names.kept() + " has no mark of a recovery");
        }
        if (live == oids.staged() && keptIsOld && states.staged().isEmpty()) {
            return Back.REVERSE;
        }
        if (live == 0 && keptIsOld) {
            return Back.RENAME_KEPT;
        }
        throw unexpected(states);
    }

    /**
     * Checks that {@link #swapBack} is possible.
     *
     * @throws RecoveryException PLACE_UNUSABLE if the database that was live before is lost, or has another name
     * @throws IOException if the server cannot be reached
     */
    public void requireBack() throws IOException {
        change(session -> back(session, states(session)));
    }

    /**
     * Checks that the database in place is the one that should be: the recovered one, or the one from before. After a swap back
     * a person may have put the recovered one in place again, by its name; then nothing is set aside.
     *
     * @throws RecoveryException PLACE_UNUSABLE if it is another one or missing
     */
    public void requireInPlace(boolean undone) throws IOException {
        change(session -> {
            requireServer(session);
            States states = states(session);
            long live = States.oid(states.live());
            if (live != oids.staged() && !(undone && live == oids.live())) {
                throw unexpected(states);
            }
        });
    }

    /** Drops the database that a swap has kept. Returns whether it existed. */
    public boolean dropKept() throws IOException {
        return drop(names.kept(), oids.live());
    }

    /** Drops the database that a swap has staged, or set aside. Returns whether it existed. */
    public boolean dropStaged() throws IOException {
        return drop(names.staged(), oids.staged());
    }

    private boolean drop(String name, long oid) throws IOException {
        return connected(session -> {
            requireServer(session);
            Optional<DatabaseState> state = DatabaseState.of(session, name);
            if (state.isPresent() && state.get().oid() != oid) {
                throw new RecoveryException(
                        Reason.PLACE_UNUSABLE,
                        "database " + name + " has OID " + state.get().oid() + ", and not " + oid
                                + ": it is not of this recovery, and is not dropped");
            }
            if (state.isPresent()) {
                DatabaseRestore.drop(session, name);
            }
            return state.isPresent();
        });
    }

    private DatabaseState requireStaged(States states) {
        DatabaseState staged = states.staged().orElseThrow(() -> unexpected(states, "expected a staged database"));
        if (!DatabaseNames.isStaged(staged.comment())) {
            throw unexpected(states, names.staged() + " has no mark of a recovery");
        }
        if (states.kept().isPresent()) {
            throw unexpected(states, "a database has the name " + names.kept() + ": remove it first (clean-up)");
        }
        return staged;
    }

    /**
     * Puts the staged database in place, and keeps the live one. Returns at once if that is done.
     *
     * @throws RecoveryException if no staged database exists, the kept name is taken, or the role lacks a right; the live
     *     database may be closed until this or {@link #swapBack} is called again
     * @throws IOException if the server cannot be reached, or a session did not end; the same applies, try again
     */
    public void swap() throws IOException {
        change(session -> {
            States states = states(session);
            if (isSwapped(session, states)) {
                open(session, names.live());
                return;
            }
            DatabaseState staged = requireStaged(states);
            closeAndEnd(session, names.staged());
            if (states.live().isPresent()) {
                closeAndEnd(session, names.live());
            }
            session.execute("BEGIN");
            if (states.live().isPresent()) {
                rename(session, names.live(), names.kept());
                comment(
                        session,
                        names.kept(),
                        DatabaseNames.keptComment(states.live().get().comment()));
            }
            rename(session, names.staged(), names.live());
            comment(session, names.live(), DatabaseNames.original(staged.comment()));
            session.execute("ALTER DATABASE " + Sql.identifier(names.live()) + " ALLOW_CONNECTIONS true");
            session.execute("COMMIT");
        });
    }

    /**
     * Puts the kept database back in place, and the other one under its staged name. If the swap is not done, it only opens
     * the live database.
     *
     * @throws RecoveryException if the role lacks a right
     * @throws IOException if the server cannot be reached, or a session did not end; try again
     */
    public void swapBack() throws IOException {
        change(session -> {
            States states = states(session);
            Back back = back(session, states);
            if (back == Back.OPEN_LIVE) {
                open(session, names.live());
            }
            if (back == Back.NOTHING || back == Back.OPEN_LIVE) {
                return;
            }
            if (back == Back.REVERSE) {
                closeAndEnd(session, names.live());
            }
            session.execute("BEGIN");
            if (back == Back.REVERSE) {
                rename(session, names.live(), names.staged());
                comment(
                        session,
                        names.staged(),
                        DatabaseNames.setAsideComment(
                                states.live().orElseThrow().comment()));
            }
            if (states.kept().isPresent()) {
                rename(session, names.kept(), names.live());
                comment(
                        session,
                        names.live(),
                        DatabaseNames.original(states.kept().get().comment()));
                session.execute("ALTER DATABASE " + Sql.identifier(names.live()) + " ALLOW_CONNECTIONS true");
            }
            session.execute("COMMIT");
        });
    }

    private interface Change {
        void run(PsqlSession session) throws IOException;
    }

    private void change(Change change) throws IOException {
        connected(session -> {
            change.run(session);
            return true;
        });
    }

    private <T> T connected(Step<T> step) throws IOException {
        try (PsqlSession session =
                PsqlSession.open(PostgresClient.forRecovery(settings), settings.maintenance(), hook)) {
            // Otherwise a crash of the server could undo a swap that the journal has recorded.
            session.run("SET synchronous_commit = on");
            session.run("SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended("
                    + Sql.literal("veloz-wal swap of " + names.live()) + ", 0))");
            return step.run(session);
        } catch (PostgresException e) {
            throw e.orRecovery();
        }
    }

    private States states(PsqlSession session) throws IOException {
        return new States(
                DatabaseState.of(session, names.live()),
                DatabaseState.of(session, names.staged()),
                DatabaseState.of(session, names.kept()));
    }

    private RecoveryException unexpected(States states, String message) {
        return new RecoveryException(
                Reason.PLACE_UNUSABLE,
                "database " + names.live() + " cannot be switched: " + message + " (" + states + ")");
    }

    private static void open(PsqlSession session, String name) throws IOException {
        session.execute("ALTER DATABASE " + Sql.identifier(name) + " ALLOW_CONNECTIONS true");
    }

    /** Order matters: a session that begins between the two statements would block the rename. */
    private static void closeAndEnd(PsqlSession session, String name) throws IOException {
        session.execute("ALTER DATABASE " + Sql.identifier(name) + " ALLOW_CONNECTIONS false");
        endSessions(session, name);
    }

    /**
     * Workers of the server have no user: it ends them when a rename waits for them. The type of a session is not visible to a
     * role without {@code pg_read_all_stats}.
     */
    static void endSessions(PsqlSession session, String name) throws IOException {
        session.execute("SELECT pg_catalog.pg_terminate_backend(pid, " + TERMINATION.toMillis() + ")"
                + " FROM pg_catalog.pg_stat_activity WHERE datname = " + Sql.literal(name)
                + " AND usesysid IS NOT NULL AND pid <> pg_catalog.pg_backend_pid()");
    }

    private static void rename(PsqlSession session, String from, String to) throws IOException {
        session.execute("ALTER DATABASE " + Sql.identifier(from) + " RENAME TO " + Sql.identifier(to));
    }

    private static void comment(PsqlSession session, String name, String comment) throws IOException {
        session.execute("COMMENT ON DATABASE " + Sql.identifier(name) + " IS " + Sql.literal(comment));
    }
}
