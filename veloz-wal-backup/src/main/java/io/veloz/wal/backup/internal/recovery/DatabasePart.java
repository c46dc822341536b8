package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.backup.Attachment;
import io.veloz.wal.backup.DatabaseFacts;
import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.place.Step;
import io.veloz.wal.backup.internal.postgres.DatabasePlan;
import io.veloz.wal.backup.internal.postgres.DatabaseRestore;
import io.veloz.wal.backup.internal.postgres.StagedDatabase;
import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The database. The dump is restored under another name, compared with the facts of its snapshot, and renamed. */
final class DatabasePart implements Part {
    private final DatabaseSettings settings;
    private final Attachment attachment;
    private final long point;
    private final boolean createRoles;
    private final AttachmentReader reader;
    private final DatabaseFacts facts;
    private final DatabaseRestore restore;
    private final List<String> findings = new ArrayList<>();

    /** Known after {@link #prepare}. */
    private Optional<StagedDatabase> staged = Optional.empty();

    DatabasePart(
            DatabaseSettings settings,
            Attachment attachment,
            long point,
            boolean createRoles,
            AttachmentReader reader) {
        this.settings = settings;
        this.attachment = attachment;
        this.point = point;
        this.createRoles = createRoles;
        this.reader = reader;
        this.facts = attachment
                .database()
                .orElseThrow(() -> new RecoveryException(
                        Reason.DAMAGED, "the database " + attachment.id() + " of the recovery point has no facts"));
        this.restore = new DatabaseRestore(settings, facts, point);
    }

    @Override
    public String name() {
        return "database";
    }

    @Override
    public List<String> describe() throws IOException {
        DatabasePlan plan = restore.plan();
        List<String> lines = new ArrayList<>();
        if (!plan.missingRoles().isEmpty()) {
            requireMayCreate(plan);
            lines.add("create the roles " + plan.missingRoles() + " without passwords");
        }
        lines.addAll(plan.describe());
        findings.clear();
        findings.addAll(plan.findings());
        lines.add(age());
        return lines;
    }

    /** The log brings only what the engine applies from it up to date. */
    private String age() {
        long minutes = Duration.between(attachment.taken(), Instant.now()).toMinutes();
        String age = minutes < 120 ? minutes + " minutes" : minutes / 60 + " hours";
        String from = facts.applied().isPresent()
                ? "the engine applies the log to it from record "
                        + (facts.applied().getAsLong() + 1)
                : "the engine applies the log to it from record "
                        + (attachment.bracket().after() + 1) + ", some of it a second time";
        return "data of the database that does not derive from orders is " + age + " old; "
                + (settings.rollForward() ? from : "it is not rolled forward");
    }

    private void requireMayCreate(DatabasePlan plan) {
        if (!createRoles) {
            throw new RecoveryException(
                    Reason.ROLE_MISSING,
                    "the server does not have the roles " + plan.missingRoles()
                            + " that the database needs: create them,"
                            + " or let the recovery create them without passwords");
        }
        if (!plan.mayCreateRoles()) {
            throw new RecoveryException(
                    Reason.POSTGRES_RIGHTS,
                    "the server does not have the roles " + plan.missingRoles()
                            + ", and the role that restores lacks CREATEROLE to create them: grant it");
        }
    }

    @Override
    public List<String> stagingNames() {
        return staged.map(Leftovers::record).stream().toList();
    }

    @Override
    public void prepare() throws IOException {
        DatabasePlan plan = restore.plan();
        if (!plan.missingRoles().isEmpty()) {
            requireMayCreate(plan);
        }
        if (plan.leftover()) {
            throw new RecoveryException(
                    Reason.PLACE_UNUSABLE,
                    "database " + restore.names().staged()
                            + " exists, and is not recorded as staging of this profile: a"
                            + " rollback may have set it aside, or another host stages there. Rename it");
        }
        staged = Optional.of(restore.staged());
    }

    /** The roles only add to the server: without them, the dump cannot be restored. A rollback leaves them. */
    @Override
    public void stage() throws IOException {
        if (!restore.plan().missingRoles().isEmpty()) {
            List<String> created = new ArrayList<>();
            reader.read(Kind.ROLES, sql -> created.addAll(restore.createMissingRoles(sql)));
            findings.add("roles " + created + " were created without passwords: set them before the engine connects");
        }
        reader.read(Kind.DATABASE, restore::stage);
    }

    @Override
    public List<Gate> gates() throws IOException {
        String what = "the database is as in its snapshot";
        try {
            findings.addAll(restore.check());
            return List.of(new Gate(
                    what,
                    true,
                    facts.rows().size() + " tables counted, " + facts.roles().size() + " roles, "
                            + facts.extensions().size() + " extensions"));
        } catch (RecoveryException e) {
            if (e.reason() != Reason.GATE) {
                throw e;
            }
            return List.of(new Gate(what, false, String.valueOf(e.getMessage())));
        }
    }

    @Override
    public List<Step> steps() throws IOException {
        return List.of(SwapStep.prepare(settings, point, staged.orElseThrow()));
    }

    @Override
    public List<String> findings() {
        return List.copyOf(findings);
    }
}
