// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Medium;
import iommu.api.sim.EventQueue;
import iommu.api.sim.RandomStream;
import iommu.testkit.FakeDeviceContext.Committed;
import iommu.testkit.seeds.Seeds;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Settings of components without a framework, and the context of a device without a machine. */
class SettingsTest {

    /** Some settings of each kind. */
    @Retention(RetentionPolicy.RUNTIME)
    private @interface Knobs {

        /** A word. */
        String word() default "plain";

        /** A number. */
        int number() default 7;

        /** A long one. */
        long wide() default 1L << 40;

        /** A switch. */
        boolean on() default true;

        /** Several words. */
        String[] words() default {"a", "b"};
    }

    @Test
    void whatIsNotNamedIsTheDefault() {
        Knobs knobs = Settings.of(Knobs.class);
        assertThat(knobs.word()).isEqualTo("plain");
        assertThat(knobs.number()).isEqualTo(7);
        assertThat(knobs.wide()).isEqualTo(1L << 40);
        assertThat(knobs.on()).isTrue();
        assertThat(knobs.words()).containsExactly("a", "b");
        assertThat(knobs.annotationType()).isEqualTo(Knobs.class);
    }

    @Test
    void whatIsNamedIsTheTests() {
        Knobs knobs = Settings.of(Knobs.class, "number", -1, "on", false,
                "words", new String[] {"c"}, "wide", 5L);
        assertThat(knobs.word()).isEqualTo("plain");
        assertThat(knobs.number()).isEqualTo(-1);
        assertThat(knobs.wide()).isEqualTo(5);
        assertThat(knobs.on()).isFalse();
        assertThat(knobs.words()).containsExactly("c");
    }

    @Test
    void ofASettingThatIsNamedTwiceTheLastCounts() {
        assertThat(Settings.of(Knobs.class, "number", 1, "number", 2).number()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"Number", "num", "''", "annotationType", "hashCode"})
    void aNameThatNoSettingHasIsAMistakeOfTheTest(String name) {
        assertThatIllegalArgumentException().isThrownBy(() -> Settings.of(Knobs.class, name, 1))
                .withMessage("[" + name + ", 1]: " + name + " is no such setting of "
                        + Knobs.class.getName());
    }

    @Test
    void aValueOfAnotherKindIsOneToo() {
        for (Object wrong : List.of("7", 7L, true, (short) 7)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Settings.of(Knobs.class, "number", wrong))
                    .withMessageContaining("number is no such setting of ");
        }
    }

    // ---- the context of a device ----------------------------------------------------------------

    private final EventQueue clock = new EventQueue();

    private FakeDeviceContext context(Map<String, Long> options) {
        return new FakeDeviceContext(new FakeFunction(8, 0x010802), new RootPort(
                new RecordingUpstream(), 8), clock, options);
    }

    @Test
    void optionsAreThoseOfTheTest() {
        Map<String, Long> options = new HashMap<>(Map.of("a", 1L, "zero", 0L));
        FakeDeviceContext context = context(options);
        options.put("b", 2L);
        assertThat(context.option("a", 9)).isEqualTo(1);
        assertThat(context.option("zero", 9)).isZero();
        assertThat(context.option("b", 9)).as("too late").isEqualTo(9);
    }

    @Test
    void requestsAreNumberedHoweverTheyAreBegun() {
        FakeDeviceContext context = context(Map.of());
        assertThat(context.request(50)).isEqualTo(1);
        assertThat(context.request(50)).isEqualTo(2);
        assertThat(context.request(-1)).isEqualTo(3);
    }

    @Test
    void whatIsStoredIsACopyUnderTheRequestBegunLast() {
        FakeDeviceContext context = context(Map.of());
        byte[] bytes = {1, 2, 3, 4, 5, 6};
        context.store(Medium.FRAMES, 0, bytes, 0, 2);
        context.request(77);
        context.store(Medium.BLOCKS, 9, bytes, 2, 3);
        Arrays.fill(bytes, (byte) 0);
        List<Committed> kept = context.committed();
        assertThat(kept).extracting(Committed::medium)
                .containsExactly(Medium.FRAMES, Medium.BLOCKS);
        assertThat(kept).extracting(Committed::sequence).containsExactly(0L, 77L);
        assertThat(kept).extracting(Committed::position).containsExactly(0L, 9L);
        assertThat(kept.get(0).bytes()).containsExactly(1, 2);
        assertThat(kept.get(1).bytes()).containsExactly(3, 4, 5);
    }

    @Seeds(count = 5)
    void aMediumHoldsWhatItsPositionSays(long seed) {
        var random = new RandomStream(seed, "medium");
        FakeDeviceContext context = context(Map.of());
        for (int round = 0; round < 50; round++) {
            long position = random.nextLong() >>> 1 + random.nextInt(60);
            int bytes = random.nextInt(600);
            int offset = random.nextInt(20);
            byte[] to = new byte[offset + bytes + 3];
            context.fetch(Medium.BLOCKS, position, to, offset, bytes);
            for (int i = 0; i < to.length; i++) {
                int at = i - offset;
                assertThat(to[i]).isEqualTo(at < 0 || at >= bytes ? 0
                        : (byte) (position * 31 + at * 7));
            }
            assertThat(Arrays.copyOfRange(to, offset, offset + bytes))
                    .isEqualTo(FakeDeviceContext.onMedium(position, bytes));
        }
    }

    @Test
    void timeIsTheClocks() {
        FakeDeviceContext context = context(Map.of());
        var told = new ArrayList<Long>();
        context.schedule(30, () -> told.add(context.nanos()));
        context.schedule(10, () -> context.schedule(5, () -> told.add(context.nanos())));
        clock.advanceTo(20);
        assertThat(told).containsExactly(15L);
        clock.advanceTo(100);
        assertThat(told).containsExactly(15L, 30L);
    }

    @Test
    void resetsAreCounted() {
        FakeDeviceContext context = context(Map.of());
        assertThat(context.resets()).isZero();
        context.dropped();
        context.dropped();
        assertThat(context.resets()).isEqualTo(2);
    }

    @Test
    void aTestWithoutAFunctionHasNone() {
        var context = new FakeDeviceContext(null, null, clock, Map.of());
        assertThatThrownBy(context::function)
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage("this test has no function");
        assertThat(context.dma()).isNull();
    }
}
