package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.Attachment;
import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.RecoveryPoint;
import io.veloz.wal.backup.RecoveryProgress;
import io.veloz.wal.backup.internal.pgp.OpenPgp;
import io.veloz.wal.backup.internal.place.Places;
import io.veloz.wal.backup.internal.place.Step;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.backup.internal.profile.Profile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** The parts of a recovery, in the order in which they are staged and switched. Stateless. */
public final class Parts {
    private Parts() {}

    /** The options of a recovery that concern its parts. */
    public record Request(
            Optional<String> logUri,
            Map<String, String> storeSettings,
            boolean logToThePoint,
            boolean discardLocalLog,
            boolean createRoles) {}

    /** Returns whether one of them is the database. */
    public static boolean haveDatabase(List<Part> parts) {
        return parts.stream().anyMatch(DatabasePart.class::isInstance);
    }

    /**
     * Returns the parts.
     *
     * @param receiver empty for a plan, which fetches nothing
     * @param locks of the recovery; none for a plan
     */
    public static List<Part> of(
            Profile profile,
            ObjectStore store,
            RecoveryPoint point,
            List<Attachment> attachments,
            Optional<OpenPgp.Receiver> receiver,
            Request request,
            LogLocks locks,
            RecoveryProgress progress) {
        Fetched fetched = new Fetched(attachments, progress);
        AttachmentReader reader = new AttachmentReader(store, point, receiver, fetched::add);
        List<Part> parts = new ArrayList<>();
        List<Attachment> trees =
                attachments.stream().filter(each -> each.kind().isTree()).toList();
        if (!trees.isEmpty()) {
            parts.add(new FilesPart(new Places(profile, trees, point.number()), trees, reader));
        }
        attachments.stream()
                .filter(each -> each.kind() == Kind.DATABASE)
                .map(each -> new DatabasePart(
                        profile.database().orElseThrow(), each, point.number(), request.createRoles(), reader))
                .forEach(parts::add);
        if (attachments.stream().anyMatch(each -> each.kind() == Kind.VAULT)) {
            parts.add(new VaultPart(profile.vault().orElseThrow(), reader));
        }
        OptionalLong rollFrom = rollFrom(profile, attachments);
        if (request.logUri().isEmpty()
                && rollFrom.isPresent()
                && profile.engine().isPresent()) {
            parts.add(new LogInPlace(new LocalLog(profile.engine().get(), locks), point, rollFrom.getAsLong()));
        }
        if (request.logUri().isPresent()) {
            EngineSettings engine = profile.engine()
                    .orElseThrow(() -> new IllegalArgumentException(
                            profile.file() + ": log.directory is missing, so the log cannot be restored"));
            parts.add(new LogPart(
                    new LogPart.Request(
                            request.logUri().get(),
                            request.storeSettings(),
                            request.logToThePoint(),
                            request.discardLocalLog(),
                            rollFrom,
                            (stage, done, total) -> progress.onBytes("stage log", done, total)),
                    engine,
                    store,
                    point,
                    locks));
        }
        return parts;
    }

    /** Returns the first record that the database of the point may lack; empty if it is not rolled forward. */
    private static OptionalLong rollFrom(Profile profile, List<Attachment> attachments) {
        if (profile.database().isEmpty() || !profile.database().get().rollForward()) {
            return OptionalLong.empty();
        }
        return attachments.stream()
                .filter(attachment -> attachment.kind() == Kind.DATABASE)
                .mapToLong(attachment -> attachment
                                .database()
                                .flatMap(facts -> facts.applied().isPresent()
                                        ? Optional.of(facts.applied().getAsLong())
                                        : Optional.empty())
                                .orElse(attachment.bracket().after())
                        + 1)
                .findFirst();
    }

    /** Returns the reader of the steps that a journal records. */
    public static Step.Reader stepReader(Profile profile) {
        return stepReader(profile, false);
    }

    /**
     * Returns the reader of the steps that a journal records.
     *
     * @param withoutDatabase whether the step of the database is left as it is
     */
    public static Step.Reader stepReader(Profile profile, boolean withoutDatabase) {
        return fields -> {
            if (fields.get(0).equals(SwapStep.TYPE) && profile.database().isPresent()) {
                Step step = SwapStep.of(profile.database().get(), fields);
                return withoutDatabase ? new LeftStep(step) : step;
            }
            throw new IOException("the journal has a step that this version does not know: " + fields);
        };
    }

    /** Adds up the bytes of each attachment, which is read twice. */
    private static final class Fetched {
        private final Map<Kind, Long> done = new EnumMap<>(Kind.class);
        private final RecoveryProgress progress;

        Fetched(List<Attachment> attachments, RecoveryProgress progress) {
            attachments.forEach(attachment -> done.put(attachment.kind(), 0L));
            this.progress = progress;
        }

        void add(Attachment attachment, long bytes) {
            long sum = done.merge(attachment.kind(), bytes, Long::sum);
            progress.onBytes("fetch " + attachment.kind().label(), sum, 2 * attachment.storedBytes());
        }
    }
}
