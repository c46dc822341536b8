/** The demo: see the README. */
@NullMarked
package io.veloz.wal.demo;

import org.jspecify.annotations.NullMarked;
