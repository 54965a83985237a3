// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.seeds;

import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContextProvider;
import org.junit.platform.commons.support.AnnotationSupport;

/** What runs the tests that carry {@link Seeds}. */
final class SeedsExtension implements TestTemplateInvocationContextProvider {

    @Override
    public boolean supportsTestTemplate(ExtensionContext context) {
        return AnnotationSupport.isAnnotated(context.getTestMethod(), Seeds.class);
    }

    @Override
    public Stream<TestTemplateInvocationContext> provideTestTemplateInvocationContexts(
            ExtensionContext context) {
        Seeds seeds = AnnotationSupport.findAnnotation(context.getTestMethod(), Seeds.class)
                .orElseThrow();
        String only = System.getProperty(Seeds.PROPERTY);
        LongStream all = only == null ? LongStream.range(0, seeds.count())
                .map(i -> seeds.first() + i) : LongStream.of(Long.parseLong(only.strip()));
        return all.mapToObj(Invocation::new);
    }

    /** One run of a test, with one seed. */
    private record Invocation(long seed)
            implements TestTemplateInvocationContext, ParameterResolver, AfterEachCallback {

        @Override
        public String getDisplayName(int index) {
            return "seed " + seed;
        }

        @Override
        public List<Extension> getAdditionalExtensions() {
            return List.of(this);
        }

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == long.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return seed;
        }

        @Override
        public void afterEach(ExtensionContext context) {
            context.getExecutionException().ifPresent(failure -> failure.addSuppressed(
                    new RepeatWith(context.getRequiredTestClass().getName(),
                            context.getRequiredTestMethod().getName(), seed)));
        }
    }

    /** Goes with a failure, as one more line of its stack trace. */
    private static final class RepeatWith extends Exception {
        private static final long serialVersionUID = 1L;

        RepeatWith(String type, String method, long seed) {
            super("repeat with: SEED=" + seed + " TEST='" + type + "#" + method
                    + "' cnf/make build test", null, false, false);
        }

        @Override
        public String toString() {
            return getMessage();
        }
    }
}
