package io.veloz.wal.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.veloz.wal.OutputGate;
import java.util.function.ToDoubleFunction;

/**
 * Binds the state of an output gate to a Micrometer registry. Any thread may bind it, once per registry. Times are in
 * seconds. docs/operations.md describes the alerts.
 */
public final class OutputGateMetrics implements MeterBinder {
    private final OutputGate<?> gate;
    private final Tags tags;

    /** Creates a binder without tags. */
    public OutputGateMetrics(OutputGate<?> gate) {
        this(gate, Tags.empty());
    }

    /** Creates a binder with tags for all meters, which distinguish the gates of a process. */
    public OutputGateMetrics(OutputGate<?> gate, Tags tags) {
        this.gate = gate;
        this.tags = tags;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        gauge(registry, "veloz_wal_output_held", "outputs that wait for their records", OutputGate.Status::held);
        gauge(
                registry,
                "veloz_wal_output_oldest_seconds",
                "time that the oldest output has waited",
                status -> status.oldestAge().toNanos() / 1e9);
        gauge(
                registry,
                "veloz_wal_output_published_sequence",
                "sequence of the last published output",
                OutputGate.Status::publishedSequence);
        gauge(
                registry,
                "veloz_wal_output_healthy",
                "0 when the gate has failed permanently",
                status -> status.failure() == null ? 1 : 0);
        counter(registry, "veloz_wal_output_published", "outputs published", OutputGate.Status::published);
        counter(registry, "veloz_wal_output_discarded", "outputs discarded", OutputGate.Status::discarded);
    }

    private void counter(MeterRegistry registry, String name, String what, ToDoubleFunction<OutputGate.Status> value) {
        FunctionCounter.builder(name, gate, each -> value.applyAsDouble(each.status()))
                .description(what)
                .tags(tags)
                .register(registry);
    }

    private void gauge(MeterRegistry registry, String name, String what, ToDoubleFunction<OutputGate.Status> value) {
        Gauge.builder(name, gate, each -> value.applyAsDouble(each.status()))
                .description(what)
                .tags(tags)
                .strongReference(true)
                .register(registry);
    }
}
