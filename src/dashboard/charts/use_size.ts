import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** The inner size of what holds the ref, before it is painted and whenever it changes. 0: not known yet. */
export function useSize<T extends HTMLElement>() {
  const ref = useRef<T>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const box = ref.current;
    if (!box) return;
    const measure = () =>
      setSize((was) =>
        was.width === box.clientWidth && was.height === box.clientHeight
          ? was
          : { width: box.clientWidth, height: box.clientHeight },
      );
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return { ref, ...size };
}
