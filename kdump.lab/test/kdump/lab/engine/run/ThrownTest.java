// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What strangers throw may be as strange as they are. */
class ThrownTest {

    private static final class Strange extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public String toString() {
            throw new IllegalStateException("no words");
        }

        @Override
        public StackTraceElement[] getStackTrace() {
            return null;
        }
    }

    @Test
    void wordsAreOneLineThatIsNotLong() {
        assertThat(Thrown.words(new IllegalStateException("a\nb\tc")))
                .isEqualTo("java.lang.IllegalStateException: a.b.c");
        assertThat(Thrown.words(new Error("x".repeat(5000)))).hasSize(303).endsWith("x...");
        assertThat(Thrown.words(new Error())).isEqualTo("java.lang.Error");
    }

    @Test
    void whatCannotTellIsToldByItsName() {
        assertThat(Thrown.words(new Strange()))
                .isEqualTo(Strange.class.getName() + ", which cannot tell its message");
        assertThat(Thrown.stack(new Strange())).isEmpty();
        assertThat(Thrown.passedThrough(new Strange(), "")).isFalse();
    }

    @Test
    void theWayItCameIsKnownByNamesOfClasses() {
        var here = new Error();
        assertThat(Thrown.passedThrough(here, "kdump.lab.engine.run.ThrownTest")).isTrue();
        assertThat(Thrown.passedThrough(here, "iommu.")).isFalse();
    }
}
