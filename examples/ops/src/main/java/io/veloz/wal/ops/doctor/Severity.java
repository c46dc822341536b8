package io.veloz.wal.ops.doctor;

/** The severity of a finding, in ascending order. */
public enum Severity {
    /** As expected. */
    OK,
    /** Of interest for speed or for settings. */
    NOTE,
    /** What is acknowledged as durable depends on something that could not be examined, or space runs out soon. */
    WARNING,
    /** This directory does not keep what is acknowledged as durable. */
    PROBLEM
}
