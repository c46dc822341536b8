package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalException;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import java.util.ArrayList;
import java.util.List;

/** The order log of a recovery that does not restore it: the database is brought up to date from what is in place. */
final class LogInPlace implements Part {
    private final EngineSettings engine;
    private final long from;
    private final List<String> findings = new ArrayList<>();

    /**
     * Creates the part.
     *
     * @param from the first record that the database lacks
     */
    LogInPlace(EngineSettings engine, long from) {
        this.engine = engine;
        this.from = from;
    }

    @Override
    public String name() {
        return "log in place";
    }

    @Override
    public List<String> describe() {
        Gate gate = gate();
        if (!gate.passed()) {
            findings.add("the recovery will be refused: " + gate.detail());
        }
        return List.of();
    }

    @Override
    public List<Gate> gates() {
        return List.of(gate());
    }

    private Gate gate() {
        try {
            var log = WalRecovery.inspect(ReadOptions.of(engine.logDirectory()).prefix(engine.logPrefix()));
            return LogPart.beginsEarlyEnough(log.firstSequence(), log.lastSequence(), from);
        } catch (WalException e) {
            return new Gate(
                    "the log begins early enough to bring the database up to date",
                    false,
                    "the log in " + engine.logDirectory() + " cannot be read (" + e.getMessage()
                            + "): restore it, or restore it with the database");
        }
    }

    @Override
    public List<String> findings() {
        return List.copyOf(findings);
    }
}
