package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.backup.RecoveryException.Reason;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A recovery loses no record of the log that is in place, whatever its state. */
@Timeout(120)
class RecoverLocalLogTest extends RecoveredLog {
    private static final RecoveryOptions NO_OPTIONS = RecoveryOptions.of(Set.of());

    private static void assertRefused(ThrowingCallable call, Reason reason, String message) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(reason))
                .hasMessageContaining(message);
    }

    // ---- not closed

    @Test
    void recordsOfALogThatWasNotClosedAreKept() throws Exception {
        // One batch: no later one states that it is durable.
        writeAndDie(4, 4);
        assertThat(new Recovery(profile).plan(store, whole()).steps()).anyMatch(step -> step.contains("that are not archived"));
        RecoveryReport report = recover(whole());
        assertThat(report.lastSequence()).isEqualTo(4);
        assertThat(orders()).isEqualTo(4);
    }

    @Test
    void planOfALogThatWasWrittenSinceIsRefused() throws Exception {
        Recovery recovery = new Recovery(profile);
        RecoveryPlan plan = recovery.plan(store, whole());
        write(4, 5);
        assertRefused(
                () -> recovery.run(store, plan, keys.recovery(), RecoveryProgress.NONE),
                Reason.PLAN_OUTDATED,
                "was EQUAL to the archive when the recovery was planned, and is AHEAD now");
        assertThat(orders()).isEqualTo(5);
        assertThat(dir.resolve("state/recovery.journal")).doesNotExist();
    }
}
