//! The names of types go in; the build fails when one of them could be printed, copied or lent out as plain data, or is
//! not wiped when it goes.
//!
//! The trick of the first two: a type that has the trait gets a second answer to the same question, and an ambiguous
//! question does not compile. (It is that of the crate `static_assertions`, written out because it is ten lines.)

/// Asserts that none of the types has `Debug`, `Display`, `Clone`, `Serialize`, `AsRef` or `Deref`.
macro_rules! never_shown {
    ($($name:ty),+ $(,)?) => {
        $($crate::confidential::never_shown::lacks!($name:
            std::fmt::Debug, std::fmt::Display, Clone, serde::Serialize,
            AsRef<str>, AsRef<[u8]>, AsRef<[i16]>, AsRef<[f32]>, std::ops::Deref);)+
    };
}

/// Asserts that none of the types has `Debug`, `Display`, `Clone` or `Serialize`.
macro_rules! never_printed {
    ($($name:ty),+ $(,)?) => {
        $($crate::confidential::never_shown::lacks!($name:
            std::fmt::Debug, std::fmt::Display, Clone, serde::Serialize);)+
    };
}

/// Asserts that a type has none of the traits.
macro_rules! lacks {
    ($name:ty: $($forbidden:path),+) => {
        $(const _: fn() = || {
            trait Question<Answer> {
                fn ask() {}
            }
            impl<T: ?Sized> Question<()> for T {}
            struct ItHasIt;
            impl<T: ?Sized + $forbidden> Question<ItHasIt> for T {}
            let _ = <$name as Question<_>>::ask;
        };)+
    };
}

/// Asserts that each of the types is wiped when it goes: no search of a memory would surely miss the wipe.
macro_rules! wiped {
    ($($name:ty),+ $(,)?) => {
        const _: fn() = || {
            fn wiped<T: zeroize::ZeroizeOnDrop>() {}
            $(wiped::<$name>();)+
        };
    };
}

pub(in crate::confidential) use {lacks, never_printed, never_shown, wiped};
