package io.veloz.wal.testkit;

import net.jqwik.api.lifecycle.AroundPropertyHook;
import net.jqwik.api.lifecycle.PropertyExecutionResult;
import net.jqwik.api.lifecycle.PropertyExecutor;
import net.jqwik.api.lifecycle.PropertyLifecycleContext;

/** Applies the system properties wal.seed and wal.rounds to properties, as in all other randomized tests. */
final class ModelRounds implements AroundPropertyHook {
    @Override
    public PropertyExecutionResult aroundProperty(PropertyLifecycleContext context, PropertyExecutor property) {
        context.attributes().setSeed(String.valueOf(Long.getLong("wal.seed", 1)));
        context.attributes().tries().ifPresent(tries -> context.attributes().setTries(tries * CrashPoints.rounds()));
        PropertyExecutionResult result = property.execute();
        Rounds.tried("a random history", result.countChecks());
        return result;
    }

    @Override
    public int aroundPropertyProximity() {
        return -100;
    }
}
