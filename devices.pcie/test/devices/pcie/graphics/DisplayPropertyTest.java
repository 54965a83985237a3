// SPDX-License-Identifier: Apache-2.0
package devices.pcie.graphics;

import static devices.pcie.graphics.GraphicsLayout.DSPACNTR;
import static devices.pcie.graphics.GraphicsLayout.DSPASTRIDE;
import static devices.pcie.graphics.GraphicsLayout.DSPASURF;
import static devices.pcie.graphics.GraphicsLayout.PIPEACONF;
import static devices.pcie.graphics.GraphicsLayout.PIPEASRC;
import static devices.pcie.graphics.GraphicsLayout.PIPEASTAT;
import static devices.pcie.graphics.GraphicsMachine.MILLI;
import static devices.pcie.graphics.GraphicsMachine.PAGE;
import static devices.pcie.graphics.GraphicsMachine.SURFACES;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.testkit.Request;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which addresses a display reads, and when, by what its registers say. */
class DisplayPropertyTest {

    private static final long ON = 1L << 31;

    private final GraphicsMachine machine = new GraphicsMachine(true);

    private static List<Long> addresses(List<Request> requests) {
        return requests.stream().map(Request::address).toList();
    }

    /** Rows: lines, pixels, bytes of a line, pages that are read before it begins again. */
    @ParameterizedTest
    @CsvSource({"768, 1024, 4096, 768", "1, 1024, 4096, 1", "2, 512, 2048, 1", "4, 16, 64, 1",
        "1080, 1920, 7680, 2025", "10, 1024, 8192, 20", "3, 600, 2432, 1", "64, 640, 2560, 40"})
    void aSurfaceHasThePagesOfItsLines(int lines, int pixels, int stride, int pages) {
        machine.clock.advance(MILLI / 2);
        machine.device.reset();
        machine.write(PIPEASRC, (long) pixels - 1 << 16 | lines - 1);
        machine.write(DSPASTRIDE, stride);
        machine.write(DSPACNTR, ON);
        machine.write(PIPEACONF, ON);
        List<Long> read = addresses(machine.during((pages + 2) * MILLI));
        var expected = new ArrayList<Long>();
        for (int i = 0; i < pages + 2; i++) {
            expected.add(SURFACES + (long) (i % pages) * PAGE);
        }
        assertThat(read).isEqualTo(expected);
    }

    /** Whatever is switched meanwhile: one line a millisecond, and only while all is on. */
    @Seeds(count = 6)
    void itReadsALineAMillisecondWhileAllIsOn(long seed) {
        var random = new Random(seed);
        boolean pipe = true;
        boolean plane = true;
        boolean master = true;
        machine.clock.advance(MILLI / 2);
        for (int i = 0; i < 60; i++) {
            switch (random.nextInt(3)) {
                case 0 -> {
                    pipe = random.nextBoolean();
                    machine.write(PIPEACONF, pipe ? ON : 0);
                }
                case 1 -> {
                    plane = random.nextBoolean();
                    machine.write(DSPACNTR, plane ? ON : 0);
                }
                default -> {
                    master = random.nextBoolean();
                    machine.function.writeConfig(4, 2, master ? 6 : 2);
                }
            }
            assertThat(machine.read(PIPEACONF)).as("the pipe follows its switch")
                    .isEqualTo(pipe ? 3L << 30 : 0);
            int millis = 3 + random.nextInt(5);
            int lines = machine.during(millis * MILLI).size();
            assertThat(lines).isEqualTo(pipe && plane && master ? millis : 0);
        }
    }

    /** Lines are of 64 bytes, at the begin of a page, for reading, and go on where they were. */
    @Seeds(count = 4)
    void aSurfaceMayLieAnywhere(long seed) {
        var random = new Random(seed);
        for (int i = 0; i < 20; i++) {
            long page = random.nextInt(0x2000);
            machine.write(DSPASURF, page * PAGE + random.nextInt(PAGE));
            assertThat(machine.read(DSPASURF)).isEqualTo(page * PAGE);
            machine.write(PIPEASRC, 0);
            assertThat(machine.during(3 * MILLI)).allSatisfy(r -> {
                assertThat(r.kind()).isEqualTo(Request.Kind.READ);
                assertThat(r.value()).isEqualTo(64);
                assertThat(r.address()).isEqualTo(SURFACES + page * PAGE);
            }).hasSize(page < GraphicsMachine.SURFACE_PAGES ? 3 : 0);
            boolean underrun = page >= GraphicsMachine.SURFACE_PAGES;
            assertThat(machine.read(PIPEASTAT)).isEqualTo(underrun ? ON : 0);
            machine.write(PIPEASTAT, ON);
        }
    }

    @Test
    void anUnderrunStaysUntilItIsWrittenToWithOne() {
        machine.root.refuse(GraphicsMachine.STOLEN);
        machine.clock.advance(2 * MILLI);
        machine.root.refuse(null);
        machine.clock.advance(10 * MILLI);
        machine.write(PIPEASTAT, 0);
        assertThat(machine.read(PIPEASTAT)).isEqualTo(ON);
        machine.write(PIPEASTAT, ON);
        machine.clock.advance(10 * MILLI);
        assertThat(machine.read(PIPEASTAT)).isZero();
    }

    /** A reset of the engines is none of the display. */
    @Test
    void theDisplayGoesOnOverAResetOfTheEngines() {
        machine.clock.advance(MILLI / 2);
        machine.write(GraphicsLayout.GDRST, 1);
        assertThat(addresses(machine.during(3 * MILLI)))
                .containsExactly(SURFACES, SURFACES + PAGE, SURFACES + 2 * PAGE);
    }
}
